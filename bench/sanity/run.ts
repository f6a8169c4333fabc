// The sanity table: scenarios × pairs of measures, by the paper's protocol or at a smaller size.

import type { Gpu, Tensor } from "../../src/index.ts";
import { Draws, type Rows, standardised } from "./draws.ts";
import { neighbours, pairsOf } from "./float64.ts";
import type { Pair, PairMeasure } from "./measures.ts";
import { type Scenario, scenarios } from "./scenarios.ts";
import { type Judged, together } from "./verdicts.ts";

/** At which size the table is made. */
export interface Size {
  /** Draws of each point, whose mean is judged; the paper has 10. */
  readonly repeats: number;
  /** Points of a sweep at most, its ends and middle among them; the paper has 51. */
  readonly points: number;
  /** Rows of a set at most; the paper has 10,000. */
  readonly rows: number;
  readonly seed: number;
}

/** A curve of a pair, as it was judged. */
export interface CurveFound {
  readonly dim: number;
  readonly case?: string;
  readonly xs: readonly number[];
  readonly fidelity: readonly number[];
  readonly diversity: readonly number[];
}

/** What a pair of measures did in a scenario. */
export interface Row {
  readonly scenario: number;
  readonly measure: string;
  readonly size: Size;
  /** By desideratum: verdict and margin of fidelity and of diversity. */
  readonly verdicts: { readonly [desideratum: string]: { readonly fidelity: Judged; readonly diversity: Judged } };
  readonly curves: readonly CurveFound[];
}

/** At most `points` of a sweep, evenly. */
export function thinned(xs: readonly number[], points: number): number[] {
  if (xs.length <= points) return [...xs];
  return Array.from({ length: points }, (_, i) => xs[Math.round((i * (xs.length - 1)) / (points - 1))]!);
}

const firstRows = ({ values, dim }: Rows, rows: number): Rows => ({ values: values.subarray(0, rows * dim), dim });

/** The verdicts that curves of one pair in a scenario (counted from 0) get: every dimension and case has to pass. */
export function judge(index: number, curves: readonly CurveFound[]): Row["verdicts"] {
  const { asks, cases = [] } = scenarios[index]!;
  const found = new Map<string, { fidelity: Judged[]; diversity: Judged[] }>();
  for (const { dim, case: name, xs, fidelity, diversity } of curves)
    for (const [desideratum, asked] of Object.entries(asks(dim, Math.max(0, cases.indexOf(name ?? ""))))) {
      const all = found.get(desideratum) ?? { fidelity: [], diversity: [] };
      all.fidelity.push(asked.fidelity({ xs, values: fidelity }));
      all.diversity.push(asked.diversity({ xs, values: diversity }));
      found.set(desideratum, all);
    }
  return Object.fromEntries(
    [...found].map(([name, all]) => [name, { fidelity: together(all.fidelity), diversity: together(all.diversity) }]),
  );
}

const tensorOf = (gpu: Gpu, { values, dim }: Rows): Tensor =>
  gpu.tensor(Float32Array.from(values), [values.length / dim, dim]);

/** What a set of measures says of a generated set; the real one is the same in several calls. */
export type Judge = (real: Rows, generated: Rows, isNew: boolean) => Promise<Pair[]>;

/** The measures on the GPU; `dispose` frees the real set. */
export function onGpu(gpu: Gpu, measures: readonly PairMeasure[]): { judge: Judge; dispose(): void } {
  let real: Tensor | undefined;
  return {
    async judge(rows, other, isNew) {
      if (isNew) {
        real?.dispose();
        real = tensorOf(gpu, rows);
      }
      const generated = tensorOf(gpu, other);
      const found: Pair[] = [];
      for (const measure of measures) found.push(await measure.of(gpu, real!, generated));
      generated.dispose();
      return found;
    },
    dispose: () => real?.dispose(),
  };
}

/** The same in float64 on the CPU, of the pairs that are counts of balls. */
export function onCpu(measures: readonly Pick<PairMeasure, "name">[]): { judge: Judge; dispose(): void } {
  let known: ReturnType<typeof neighbours> | undefined;
  return {
    judge(real, generated, isNew) {
      if (isNew) known = neighbours(real);
      const found = pairsOf(real, generated, known);
      return Promise.resolve(measures.map(({ name }) => found[name]!));
    },
    dispose() {},
  };
}

/** Runs the measures on one scenario (counted from 0); `say` gets a line for each curve. */
export async function runScenario(
  { judge: of, dispose }: { judge: Judge; dispose(): void },
  index: number,
  measures: readonly Pick<PairMeasure, "name">[],
  size: Size,
  say: (line: string) => void = () => {},
): Promise<Row[]> {
  const scenario: Scenario = scenarios[index]!;
  const curves = measures.map(() => [] as CurveFound[]);
  for (const dim of scenario.dims)
    for (const [which, name] of (scenario.cases ?? [undefined]).entries()) {
      const xs = thinned(scenario.sweep(dim), size.points);
      const sums = measures.map(() => xs.map((): [number, number] => [0, 0]));
      for (let repeat = 0; repeat < size.repeats; repeat++) {
        let real: Rows | undefined;
        let scaled: Rows | undefined;
        for (const [at, x] of xs.entries()) {
          const draws = (what: string) => new Draws(size.seed, `${scenario.name} ${dim} ${which} ${repeat} ${what}`);
          const isNew = !real || scenario.fresh === true;
          if (isNew) {
            real = firstRows(scenario.real(draws(`real ${scenario.fresh ? x : ""}`), x, dim, which), size.rows);
            scaled = standardised(real, real);
          }
          const generated = firstRows(scenario.generated(draws(`generated ${x}`), x, dim, which), size.rows);
          const found = await of(scaled!, standardised(generated, real!), isNew);
          for (const [m, pair] of found.entries())
            for (const [side, value] of pair.entries()) sums[m]![at]![side]! += value / size.repeats;
        }
      }
      for (const [m, values] of sums.entries()) {
        const [fidelity, diversity] = [values.map(([f]) => f), values.map(([, d]) => d)];
        curves[m]!.push({ dim, ...(name === undefined ? {} : { case: name }), xs, fidelity, diversity });
      }
      say(`${index + 1} ${scenario.name}, ${dim || "varying"} dimensions${name ? `, ${name}` : ""}`);
    }
  dispose();
  return measures.map(({ name }, m) => ({
    scenario: index + 1,
    measure: name,
    size,
    verdicts: judge(index, curves[m]!),
    curves: curves[m]!,
  }));
}
