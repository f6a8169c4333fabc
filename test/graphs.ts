import * as L from "../src/index.ts";
import { generator } from "./table/row.ts";

/** What a step of a random graph made, and how rounding differences of its inputs reach its result. */
export interface Step {
  readonly name: string;
  readonly inputs: readonly L.Tensor[];
  readonly output: L.Tensor;
  /**
   * Bound on the difference of two correct evaluations, given those of the inputs, their largest magnitudes, and the
   * result's. The ops are chosen so that such bounds exist: no comparison, no division by what may be small.
   */
  readonly bound: (differences: readonly number[], largest: readonly number[], result: number) => number;
}

const ULP = 2 ** -23;
/** Two evaluations of one map, each within the 16 ulps that the op table allows the worst of them. */
const MAP = 32 * ULP;

const SIZES = [1, 2, 3, 5, 7, 8, 16, 33, 64, 65];
const MOST = 4096;

/** Grows a random graph from `leaves`, one op at a time; the same seed gives the same graph. */
export function* grow(seed: number, leaves: readonly L.Tensor[], length: number): Generator<Step> {
  const random = generator(seed);
  const below = (n: number) => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const pool = [...leaves];
  // late results are likelier, so that chains get deep
  const any = () => pool[Math.max(below(pool.length), below(pool.length))]!;

  const sum = (d: readonly number[]) => d.reduce((a, b) => a + b, 0);
  const map = (name: string, inputs: readonly L.Tensor[], output: L.Tensor): Step =>
    // each of these functions changes by at most as much as its inputs do together
    ({ name, inputs, output, bound: (d, _, y) => sum(d) + MAP * (1 + y) });
  const view = (name: string, inputs: readonly L.Tensor[], output: L.Tensor): Step => ({
    name,
    inputs,
    output,
    bound: (d) => Math.max(...d),
  });

  const unaries = {
    tanh: L.tanh,
    sigmoid: L.sigmoid,
    sin: L.sin,
    softplus: L.softplus,
    relu: L.relu,
    neg: L.neg,
    abs: L.abs,
    leakyRelu: L.leakyRelu,
  } as const;
  const unary = (): Step => {
    const name = pick(Object.keys(unaries) as (keyof typeof unaries)[]);
    const x = any();
    return map(name, [x], unaries[name](x));
  };

  /** Something that broadcasts against x: another of the pool, or a fold of x itself. */
  const partner = (x: L.Tensor): L.Tensor => {
    const fits = pool.filter(
      (y) => y !== x && y.rank <= x.rank && y.shape.every((n, d) => n === 1 || n === x.shape[d + x.rank - y.rank]),
    );
    return fits.length ? pick(fits) : x;
  };
  const binary = (): Step => {
    const x = any();
    const y = partner(x);
    switch (below(6)) {
      case 0:
        return map("sub", [x, y], L.sub(x, y));
      case 1:
        return map("maximum", [x, y], L.maximum(x, y));
      case 2:
        return map("where", [x, y], L.where(leaves[0]!, x, y));
      case 3:
        return {
          ...map("div", [x, y], L.div(x, L.abs(y).add(1))),
          bound: (d, m, r) => d[0]! + m[0]! * d[1]! + MAP * (1 + r),
        };
      case 4:
        return { ...map("mul", [x, y], L.mul(L.tanh(x), L.tanh(y))), bound: (d) => sum(d) + 2 * MAP };
      default:
        return map("add", [x, y], L.add(x, y));
    }
  };

  const axesOf = (x: L.Tensor) => x.shape.map((_, d) => d).filter(() => random() < 0.5);
  const reduction = (): Step => {
    const x = any();
    const axes = axesOf(x);
    const keepDims = random() < 0.5;
    const n = axes.reduce((product, d) => product * x.shape[d]!, 1);
    if (random() < 0.3) return { name: "max", inputs: [x], output: L.max(x, axes, { keepDims }), bound: (d) => d[0]! };
    // two sums, each within γ_n of Σ|x|
    return {
      name: "mean",
      inputs: [x],
      output: L.mean(x, axes, { keepDims }),
      bound: (d, m) => d[0]! + 2 * (n + 3) * ULP * m[0]!,
    };
  };

  const views = (): Step => {
    const x = any();
    const axis = below(Math.max(1, x.rank));
    switch (below(5)) {
      case 0: {
        const order = x.shape.map((_, d) => d).sort(() => random() - 0.5);
        return view("transpose", [x], L.transpose(x, order));
      }
      case 1: {
        if (x.rank === 0) return view("reshape", [x], L.reshape(x, [1, 1]));
        const start = below(x.shape[axis]!);
        return view("slice", [x], L.slice(x, axis, start, start + 1 + below(x.shape[axis]! - start)));
      }
      case 2: {
        if (x.rank < 2) return view("reshape", [x], L.reshape(x, [1, x.size, 1]));
        const at = below(x.rank - 1);
        return view(
          "reshape",
          [x],
          L.reshape(x, [...x.shape.slice(0, at), x.shape[at]! * x.shape[at + 1]!, ...x.shape.slice(at + 2)]),
        );
      }
      case 3:
        return view("concat", [x], x.rank ? L.concat([L.slice(x, axis, 0, 1), x, x], axis) : L.stack([x, x]));
      default:
        return x.rank < 4
          ? view("expand", [x], L.expand(x, [1 + below(3), ...x.shape]))
          : view("pad", [x], L.pad(x, axis, 1, 2));
    }
  };

  const product = (): Step => {
    const wide = pool.filter((t) => t.rank >= 2 && t.rank <= 3);
    if (wide.length === 0) return unary();
    const x = pick(wide);
    const [m, k] = x.shape.slice(-2) as [number, number];
    const flipped = L.transpose(x, x.rank === 2 ? [1, 0] : [0, 2, 1]);
    // x·xᵀ/k, with or without something behind it
    const plain = L.matmul(x, flipped).mul(1 / k);
    const output = random() < 0.6 ? L.tanh(plain.add(L.expand(leaves.at(-1)!, [m]))) : plain;
    return {
      name: "matmul",
      inputs: [x, leaves.at(-1)!],
      output,
      bound: (d, largest, y) => 2 * largest[0]! * d[0]! + d[1]! + 2 * (k + 2) * ULP * largest[0]! ** 2 + MAP * (1 + y),
    };
  };

  const kernels = (): Step => {
    const x = any();
    if (x.rank === 0) return unary();
    const axis = below(x.rank);
    const n = x.shape[axis]!;
    if (random() < 0.5)
      return { name: "softmax", inputs: [x], output: L.softmax(x, axis), bound: (d) => 2 * d[0]! + (2 * n + 40) * ULP };
    const every = L.arange(x.gpu, x.shape[0]!);
    return view("gather", [x], L.gather(x, every));
  };

  while (length-- > 0) {
    const step = pick([
      unary,
      unary,
      unary,
      binary,
      binary,
      binary,
      binary,
      reduction,
      reduction,
      views,
      views,
      product,
      kernels,
    ])();
    if (step.output.size > MOST || step.output.size === 0) continue;
    pool.push(step.output);
    yield step;
  }
}

/** Leaves for graph `seed`: a matrix or more, a vector, rows to broadcast, and a single number last. */
export function leavesOf(gpu: L.Gpu, seed: number): L.Tensor[] {
  const random = generator(seed * 7919 + 1);
  const size = () => SIZES[Math.floor(random() * SIZES.length)]!;
  const [a, b] = [size(), size()];
  const shapes = [[1], [a, b], [b], [2 + Math.floor(random() * 3), a, b], [a, 1], []];
  return shapes.map((shape) => {
    const count = shape.reduce((x, y) => x * y, 1);
    return gpu.tensor(
      Float32Array.from({ length: count }, () => 2 * random() - 1),
      shape,
    );
  });
}
