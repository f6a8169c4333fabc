// What tuning finds on a device beside the defaults of its family: from this the numbers in src/kernels/defaults.ts are set.

import type { Gpu, TunedClass } from "../src/index.ts";
import { recorded } from "./engines/latentgpu.ts";
import type { Case } from "./workload.ts";

/** One class of work: milliseconds of the default and of the fastest, NaN where that was not measured. */
export interface Verdict extends TunedClass {
  readonly defaultMs: number;
  readonly chosenMs: number;
}

function verdict(found: TunedClass): Verdict {
  const msOf = (name: string | null): number => {
    const one = found.candidates.find((candidate) => candidate.name === name);
    return one && "ms" in one ? one.ms : NaN;
  };
  return { ...found, defaultMs: msOf(found.default), chosenMs: msOf(found.chosen) };
}

const line = ({ class: name, default: standard, chosen, defaultMs, chosenMs }: Verdict): string =>
  [name, `${standard ?? "–"} ${defaultMs.toPrecision(3)} ms`, `${chosen ?? "–"} ${chosenMs.toPrecision(3)} ms`].join(
    " | ",
  ) + ` | ${(defaultMs / chosenMs).toFixed(2)}`;

/**
 * Tunes the cases of one graph without a state: products, convolutions, reductions, sorts. `say` hears a line per class, then those whose default is
 * slower than the fastest by more than a tenth. Tensors go as soon as their case is done; choices stay with the engine.
 */
export async function tuneCases(gpu: Gpu, cases: readonly Case[], say: (line: string) => void): Promise<Verdict[]> {
  const found: Verdict[] = [];
  say("class | default | fastest | times as fast");
  for (const { workload, settings, inputs } of cases) {
    const record = recorded[workload];
    if (!record) continue;
    const tensors = Object.fromEntries(
      Object.entries(inputs()).map(([name, { values, shape }]) => [name, gpu.tensor(values, shape)]),
    );
    const { measured } = await gpu.tune(() => [record(tensors, settings, gpu)].flat(), []);
    for (const tensor of Object.values(tensors)) tensor.dispose();
    for (const one of measured.map(verdict)) {
      found.push(one);
      say(line(one));
    }
  }
  const slow = found.filter(({ defaultMs, chosenMs }) => defaultMs > 1.1 * chosenMs);
  say(`${found.length} classes; the default of ${slow.length} is slower than the fastest by more than a tenth`);
  for (const one of slow) say(`  ${line(one)}`);
  return found;
}
