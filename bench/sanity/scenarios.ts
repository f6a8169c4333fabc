// The 15 scenarios of Räisä et al. 2025 (arXiv 2505.22450): what the two sets are at each point of a sweep, and what a measure should say.

import type { Draws, Rows } from "./draws.ts";
import { all, bell, type Criterion, down, either, flat, near, one, settles, up, wide, zero } from "./verdicts.ts";

/** What is asked of fidelity and of diversity. */
export interface Asked {
  readonly fidelity: Criterion;
  readonly diversity: Criterion;
}

/** A sweep in which one thing about two sets changes. */
export interface Scenario {
  readonly name: string;
  /** Each is a curve of its own; 0 where the sweep says it. */
  readonly dims: readonly number[];
  /** Versions of it, each a curve of its own: which set has the outlier, which is rounded. */
  readonly cases?: readonly string[];
  sweep(dim: number): number[];
  /** Whether the real set is drawn anew at each point. */
  readonly fresh?: boolean;
  real(draws: Draws, x: number, dim: number, which: number): Rows;
  generated(draws: Draws, x: number, dim: number, which: number): Rows;
  /** By desideratum: p purpose, b bounds, n data size, h hyper-parameters, i invariance. */
  asks(dim: number, which: number): { readonly [desideratum: string]: Asked };
}

const N = 1000;
/** Half the range of log₁₀ of the deviations. */
const SPAN: { readonly [dim: number]: number } = { 1: 3, 8: 1, 64: 0.5 };
const linear = (from: number, to: number, points: number): number[] =>
  Array.from({ length: points }, (_, i) => from + ((to - from) * i) / (points - 1));
const logarithmic = (from: number, to: number, points: number): number[] =>
  linear(Math.log10(from), Math.log10(to), points).map((x) => 10 ** x);
const both = (criterion: Criterion): Asked => ({ fidelity: criterion, diversity: criterion });
const whole = (x: number): number => Math.round(x);

const REACH: { readonly [dim: number]: number } = { 1: 6, 8: 3, 64: 1, 2: 6 };
const shifts = (dim: number): number[] => linear(-REACH[dim]!, REACH[dim]!, 51);
const ofShift = (dim: number) => {
  const reach = REACH[dim]!;
  return { b: both(all(one(0), zero(-reach), zero(reach))), p: both(bell(0)) };
};

const asDrawn = (rows: Rows): Rows => rows;
/** One more row, `reach` in every coordinate. */
const withOutlier = ({ values, dim }: Rows): Rows => ({
  values: Float64Array.from([...values, ...Array<number>(dim).fill(REACH[dim]!)]),
  dim,
});

/** Ten modes along the diagonal, by weights. */
const MODE_STD: { readonly [dim: number]: number } = { 1: 1 / 6, 8: 1 / 3, 64: 1 };
function modes(draws: Draws, dim: number, weights: readonly number[]): Rows {
  const chosen = draws.choices(N, weights);
  return draws.gaussian(N, dim, (row) => (chosen[row]! * 10) / 9, MODE_STD[dim]);
}
const EQUAL = Array<number>(10).fill(1);
const MEANS = [
  [5.46794328, -4.08481523],
  [4.87211875, -13.64864684],
  [-16.39432073, 9.09802249],
  [-2.15447941, 12.46200019],
  [11.55784483, -4.96049923],
  [-24.60558474, 14.18020818],
  [16.84215967, -3.18710751],
  [-5.47807206, -6.77247129],
  [9.46726546, 1.05922347],
  [-5.40346201, -17.29490131],
] as const;
function scattered(draws: Draws, count: number): Rows {
  const chosen = draws.choices(N, EQUAL.slice(0, count));
  return draws.gaussian(N, 2, (row, j) => MEANS[chosen[row]!]![j]!, 0.25);
}

const SIZES = logarithmic(100, 1e4, 20).map(whole);
const cube = (draws: Draws, n: number, dim: number, shift: number): Rows => ({
  values: draws.uniform(n * dim).map((u) => u + shift),
  dim,
});
const apart = (dim: number): number => 1 - 0.2 ** (1 / dim);

const ball = (draws: Draws, n: number): Rows => {
  const radii = draws.uniform(n);
  return draws.directions(n, 3, (row) => 0.8 * Math.cbrt(radii[row]!));
};
/** Uniform in the tube of radius 0.1 around the unit circle, as the disc of its section has it. */
function torus(draws: Draws, n: number): Rows {
  const [along, around, out] = [draws.uniform(n), draws.uniform(n), draws.uniform(n)];
  const values = new Float64Array(3 * n);
  for (let i = 0; i < n; i++) {
    const radius = 0.1 * Math.sqrt(out[i]!);
    const reach = 1 + radius * Math.cos(2 * Math.PI * around[i]!);
    const place = [Math.cos(2 * Math.PI * along[i]!), Math.sin(2 * Math.PI * along[i]!)] as const;
    values.set([reach * place[0], reach * place[1], radius * Math.sin(2 * Math.PI * around[i]!)], 3 * i);
  }
  return { values, dim: 3 };
}

const withPareto = (draws: Draws, mean: number): Rows => {
  const tail = draws.uniform(N).map((u) => u ** (-1 / 1.01));
  const { values } = draws.gaussian(N, 1, mean);
  return { values: Float64Array.from({ length: 2 * N }, (_, at) => (at % 2 ? tail : values)[at >> 1]!), dim: 2 };
};
const spread = (draws: Draws, mean: number, scale: number): Rows => {
  const { values } = draws.gaussian(N, 2, (_, j) => (j === 0 ? mean : 0));
  return { values: values.map((value, at) => (at % 2 ? scale * value : value)), dim: 2 };
};
const rounded = ({ values, dim }: Rows): Rows => ({ values: values.map(Math.round), dim });

export const scenarios: readonly Scenario[] = [
  {
    name: "mean difference",
    dims: [1, 8, 64],
    sweep: shifts,
    real: (draws, _x, dim) => draws.gaussian(N, dim),
    generated: (draws, x, dim) => draws.gaussian(N, dim, x),
    asks: ofShift,
  },
  {
    name: "mean difference and an outlier",
    dims: [1, 8, 64],
    cases: ["real", "generated"],
    sweep: shifts,
    real: (draws, _x, dim, which) => (which === 0 ? withOutlier : asDrawn)(draws.gaussian(N, dim)),
    generated: (draws, x, dim, which) => (which === 1 ? withOutlier : asDrawn)(draws.gaussian(N, dim, x)),
    asks: ofShift,
  },
  {
    name: "standard deviation difference",
    dims: [1, 8, 64],
    sweep: (dim) => logarithmic(10 ** -SPAN[dim]!, 10 ** SPAN[dim]!, 51),
    real: (draws, _x, dim) => draws.gaussian(N, dim),
    generated: (draws, x, dim) => draws.gaussian(N, dim, 0, x),
    asks: (dim) => {
      const [low, high] = [10 ** -SPAN[dim]!, 10 ** SPAN[dim]!];
      return {
        b: { fidelity: all(one(1), one(low), zero(high)), diversity: all(one(1), zero(low), wide(high)) },
        p: { fidelity: down(), diversity: either(bell(1), up) },
      };
    },
  },
  {
    name: "simultaneous mode dropping",
    dims: [1, 8, 64],
    sweep: () => linear(0, 1, 50),
    real: (draws, _x, dim) => modes(draws, dim, EQUAL),
    generated: (draws, x, dim) => modes(draws, dim, [1, ...EQUAL.slice(1).map(() => 1 - x)]),
    asks: () => ({
      b: { fidelity: all(one(0), one(1)), diversity: one(0) },
      p: { fidelity: flat, diversity: down(0.95) },
    }),
  },
  {
    name: "sequential mode dropping",
    dims: [1, 8, 64],
    sweep: () => linear(0, 9, 10),
    real: (draws, _x, dim) => modes(draws, dim, EQUAL),
    generated: (draws, x, dim) => modes(draws, dim, EQUAL.slice(0, 10 - x)),
    asks: () => ({
      b: { fidelity: all(one(0), one(9)), diversity: one(0) },
      p: { fidelity: flat, diversity: down(0.5) },
    }),
  },
  {
    name: "mode dropping and invention",
    dims: [2],
    sweep: () => linear(1, 10, 10),
    real: (draws) => scattered(draws, 5),
    generated: (draws, x) => scattered(draws, x),
    asks: () => ({
      b: { fidelity: all(one(5), one(1)), diversity: all(one(5), one(10)) },
      p: { fidelity: down(), diversity: up },
    }),
  },
  {
    name: "hypersphere surface",
    dims: [2, 16, 128],
    sweep: () => linear(0.1, 1.9, 51),
    real: (draws, _x, dim) => draws.directions(N, dim, () => 1),
    generated: (draws, x, dim) => draws.directions(N, dim, () => x),
    asks: () => ({ b: both(all(one(1), zero(0.1), zero(1.9))), p: both(bell(1)) }),
  },
  {
    name: "hypercube, varying size",
    dims: [1, 8, 64],
    fresh: true,
    sweep: () => SIZES,
    real: (draws, x, dim) => cube(draws, x, dim, 0),
    generated: (draws, x, dim) => cube(draws, x, dim, apart(dim)),
    asks: () => ({ n: both(settles), p: both(near(1e4, 0.2)) }),
  },
  {
    name: "hypercube, varying generated size",
    dims: [1, 8, 64],
    sweep: () => SIZES,
    real: (draws, _x, dim) => cube(draws, N, dim, 0),
    generated: (draws, x, dim) => cube(draws, x, dim, apart(dim)),
    asks: () => ({ h: both(settles), p: both(near(1e4, 0.2)) }),
  },
  {
    name: "sphere and torus",
    dims: [3],
    cases: ["sphere real", "torus real"],
    sweep: () => SIZES,
    real: (draws, _x, _dim, which) => (which === 0 ? ball : torus)(draws, N),
    generated: (draws, x, _dim, which) => (which === 0 ? torus : ball)(draws, x),
    asks: () => ({ b: both(zero(1e4)), p: both(settles) }),
  },
  {
    name: "one mode against two",
    dims: [1, 8, 64],
    fresh: true,
    sweep: () => linear(0, 5, 20),
    real: (draws, x, dim) => {
      const chosen = draws.choices(N, [1, 1]);
      return draws.gaussian(N, dim, (row) => (chosen[row]! - 0.5) * x);
    },
    generated: (draws, x, dim) => draws.gaussian(N, dim, 0, Math.sqrt(1 + x * x)),
    asks: () => ({ b: both(one(0)), p: { fidelity: down(), diversity: either(down(), flat) } }),
  },
  {
    name: "scaling one dimension",
    dims: [2],
    fresh: true,
    sweep: () => logarithmic(1e-3, 1e3, 20),
    real: (draws, x) => spread(draws, 0, x),
    generated: (draws, x) => spread(draws, 6, x),
    asks: () => ({ b: both(all(zero(1e-3), zero(1e3))), i: both(flat) }),
  },
  {
    name: "mean difference beside a Pareto tail",
    dims: [2],
    sweep: shifts,
    real: (draws) => withPareto(draws, 0),
    generated: (draws, x) => withPareto(draws, x),
    asks: ofShift,
  },
  {
    name: "one disjoint dimension among many",
    dims: [0],
    fresh: true,
    sweep: () => logarithmic(1, 1000, 20).map((x) => Math.floor(x + 1e-9)),
    real: (draws, x) => draws.gaussian(N, 1 + x),
    generated: (draws, x) => draws.gaussian(N, 1 + x, (_, j) => (j === 0 ? 6 : 0)),
    asks: () => ({ b: both(all(zero(1), zero(1000))), p: both(flat) }),
  },
  {
    name: "discrete against continuous",
    dims: [1],
    cases: ["real", "generated"],
    fresh: true,
    sweep: () => logarithmic(1, 1000, 20),
    real: (draws, x, _dim, which) => (which === 0 ? rounded : asDrawn)(draws.gaussian(N, 1, 0, x)),
    generated: (draws, x, _dim, which) => (which === 1 ? rounded : asDrawn)(draws.gaussian(N, 1, 0, x)),
    asks: (_dim, which) => ({
      b:
        which === 0
          ? { fidelity: all(zero(1), zero(1000)), diversity: all(wide(1), wide(1000)) }
          : { fidelity: all(one(1), one(1000)), diversity: all(zero(1), zero(1000)) },
      p: both(flat),
    }),
  },
];
