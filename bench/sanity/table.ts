// The sanity table as text: verdicts of each pair by scenario, and how many are as published.

import { published } from "./published.ts";
import type { PairMeasure } from "./measures.ts";
import type { Row } from "./run.ts";
import { scenarios } from "./scenarios.ts";

/** A cell whose published verdict is another. */
export interface Difference {
  readonly scenario: number;
  readonly measure: string;
  readonly desideratum: string;
  readonly side: "fidelity" | "diversity";
  readonly ours: string;
  readonly theirs: string;
  /** How far ours is from its limit. */
  readonly margin: number;
}

/** Cells with a published verdict: how many there are, and those that differ. */
export function compared(rows: readonly Row[], measures: readonly Pick<PairMeasure, "name" | "published">[]) {
  let cells = 0;
  const differences: Difference[] = [];
  for (const { scenario, measure, verdicts } of rows) {
    const place = measures.find(({ name }) => name === measure)?.published;
    if (place === undefined) continue;
    for (const [desideratum, found] of Object.entries(verdicts))
      for (const [at, side] of (["fidelity", "diversity"] as const).entries()) {
        const theirs = published[scenario - 1]![desideratum]!.split("/")[at]![place]!;
        const { verdict: ours, margin } = found[side];
        cells++;
        if (ours !== theirs) differences.push({ scenario, measure, desideratum, side, ours, theirs, margin });
      }
  }
  return { cells, differences };
}

const WORDS: { readonly [desideratum: string]: string } = {
  b: "bounds",
  p: "purpose",
  n: "data size",
  h: "hyper-parameters",
  i: "invariance",
};

/** A table in Markdown: a row for each scenario and desideratum, a column for each pair. */
export function markdown(rows: readonly Row[]): string {
  const names = [...new Set(rows.map(({ measure }) => measure))];
  const lines = [
    `| scenario | asks | ${names.map((name) => `\`${name}\``).join(" | ")} |`,
    `| --- | --- | ${names.map(() => "---").join(" | ")} |`,
  ];
  for (const [index, { name }] of scenarios.entries()) {
    const here = rows.filter(({ scenario }) => scenario === index + 1);
    for (const desideratum of Object.keys(here[0]?.verdicts ?? {})) {
      const cells = names.map((measure) => {
        const verdict = here.find((row) => row.measure === measure)?.verdicts[desideratum];
        return verdict ? `${verdict.fidelity.verdict} / ${verdict.diversity.verdict}` : "";
      });
      lines.push(`| ${index + 1} ${name} | ${WORDS[desideratum]} | ${cells.join(" | ")} |`);
    }
  }
  const passed = names.map((measure) => {
    const all = rows.filter((row) => row.measure === measure).flatMap(({ verdicts }) => Object.values(verdicts));
    const count = (side: "fidelity" | "diversity") => all.filter((found) => found[side].verdict !== "F").length;
    return `${count("fidelity")} / ${count("diversity")} of ${all.length}`;
  });
  lines.push(`| passed | | ${passed.join(" | ")} |`);
  return lines.join("\n");
}
