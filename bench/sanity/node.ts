// The sanity table on Dawn in Node.

import type { Gpu } from "../../src/index.ts";
import { openNodeGpu } from "../../src/node.ts";
import { pairMeasures } from "./measures.ts";
import { onCpu, onGpu, type Row, runScenario, type Size } from "./run.ts";
import { scenarios } from "./scenarios.ts";
import { compared, markdown } from "./table.ts";

/** What is asked for: scenarios counted from 1 and names of pairs, all where none is given. */
export interface Request extends Size {
  readonly only: readonly number[];
  readonly measures: readonly string[];
  /** In float64 on the CPU, without a GPU. */
  readonly float64: boolean;
}

/** Runs what is asked for, and hands over the rows of each scenario as it ends. */
export async function sanity(
  { only, measures: names, float64, ...size }: Request,
  listener: { say(line: string): void; keep(rows: readonly Row[], device: string): Promise<void> },
): Promise<void> {
  const unknown = names.find((name) => !pairMeasures.some((pair) => pair.name === name));
  if (unknown !== undefined)
    throw new Error(`sanity: no pair ${unknown}. Expected ${pairMeasures.map(({ name }) => name).join(", ")}.`);
  const measures = pairMeasures.filter(
    ({ name, counts }) => (names.length === 0 || names.includes(name)) && (!float64 || counts === true),
  );
  const gpu: Gpu | null = float64 ? null : await openNodeGpu();
  try {
    for (const index of scenarios.keys()) {
      if (only.length > 0 && !only.includes(index + 1)) continue;
      const rows = await runScenario(gpu ? onGpu(gpu, measures) : onCpu(measures), index, measures, size, listener.say);
      await listener.keep(rows, gpu?.info.description ?? "float64 on the CPU");
    }
  } finally {
    gpu?.dispose();
  }
}

const HEAD = `# The sanity table

Written by \`npm run bench -- --sanity\`. Fidelity / diversity of each pair: T passed, F failed, L and H passed as low or as high where both are right. Sets, criteria and
published verdicts: Räisä et al. 2025 (arXiv 2505.22450), in \`bench/sanity/\`. The curves, and at which size each was made (the paper: 10 repeats, 51 points), are in \`sanity.json\`.`;

/** The page of the table, out of rows that may come from several runs. */
export function page(rows: readonly Row[]): string {
  const { cells, differences } = compared(rows, pairMeasures);
  const list = differences.map(({ scenario, measure, desideratum, side, ours, theirs, margin }) => {
    return `- ${scenario} ${desideratum}, ${side} of ${measure}: ${ours}, published ${theirs}; ${Math.abs(margin).toFixed(3)} from its limit.`;
  });
  return [HEAD, markdown(rows), `As published: ${cells - differences.length} of ${cells} cells.`, list.join("\n")].join(
    "\n\n",
  );
}
