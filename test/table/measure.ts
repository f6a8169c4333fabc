import { grad, sum } from "../../src/index.ts";
import type { Gpu, Tensor } from "../../src/index.ts";
import { count, each, type Nd } from "./nd.ts";
import { dot, drawn, generator, hash, label, type Row, upload } from "./row.ts";

/** What came of a row: errors in units of what is allowed to them. */
export interface Measured {
  /** In 2⁻²³ of the row's scale. */
  readonly ulps: number;
  /** |⟨g, J·u⟩ − ⟨Jᵀ·g, u⟩| relative to max(1, |slope|); 0 where there is no gradient. */
  readonly slope: number;
  /** The same with every input used a second time, by another op. */
  readonly shared: number;
  /** The same for the gradient of the gradient. */
  readonly second: number;
  /** The same with one tensor as every input; null where the inputs differ in shape. */
  readonly same: { readonly ulps: number; readonly slope: number } | null;
}

export const SLOPE_LIMIT = 1e-4;
const SMALLEST = 2 ** -126;
/** Rows of at most this many input elements are also asked about graphs around the op: those are the same at every size. */
const SMALL = 300;

const add = (a: Nd, b: Nd, factor: number): Nd => each((p, q) => p + factor * q, a, b);

/** Largest error of `got` in 2⁻²³ of `scale`; NaN where anything is. Subnormal scales count as the smallest normal. */
export function worst(got: ArrayLike<number>, want: Nd, scale: Nd): number {
  if (got.length !== want.data.length || scale.data.length !== got.length) return Number.NaN;
  let most = 0;
  for (const [i, v] of want.data.entries()) {
    const error = Math.abs(got[i]! - v);
    const ulps = error === 0 ? 0 : error / (2 ** -23 * Math.max(Math.abs(scale.data[i]!), SMALLEST));
    // a NaN replaces any number, and stays
    if (!(ulps <= most)) most = ulps;
    if (Number.isNaN(most)) return most;
  }
  return most;
}

interface Projection {
  readonly inputs: readonly Nd[];
  readonly u: readonly Nd[];
  readonly f: (x: readonly Nd[]) => number;
}

/** ⟨g, J·u⟩ by a central difference of the float64 reference. */
function numericSlope({ inputs, u, f }: Projection): number {
  const h = 1e-5;
  const along = (t: number) => f(inputs.map((x, k) => add(x, u[k]!, t)));
  return (along(h) - along(-h)) / (2 * h);
}

/** uᵀ·H·v by the mixed difference. */
function numericCurve({ inputs, u, f }: Projection, v: readonly Nd[]): number {
  const h = 2e-4;
  const along = (s: number, t: number) => f(inputs.map((x, k) => add(add(x, u[k]!, s * h), v[k]!, t * h)));
  return (along(1, 1) - along(1, -1) - along(-1, 1) + along(-1, -1)) / (4 * h * h);
}

const relative = (numeric: number, analytic: number): number =>
  Math.abs(numeric - analytic) / Math.max(1, Math.abs(numeric));

/** Runs one row on the GPU, all it needs in one plan, and compares. */
export async function measure(gpu: Gpu, row: Row): Promise<Measured> {
  const random = generator(hash(`${row.op} ${label(row)} ${row.ulps}`));
  const inputs = row.inputs.map((input) => drawn(input, random));
  const like = (x: Nd): Nd => drawn({ shape: x.shape }, random);
  const zero = (x: Nd): Nd => ({ shape: x.shape, data: new Float64Array(x.data.length) });
  const hasSlope = row.inputs.map(({ dtype = "f32", slope = true }) => dtype === "f32" && slope);
  const isSmall = inputs.reduce((sum, x) => sum + x.data.length, 0) <= SMALL;
  const want = row.reference(...inputs);
  const [g, q] = [like(want), inputs.map(like)];
  const u = inputs.map((x, k) => (hasSlope[k] ? like(x) : zero(x)));
  const v = inputs.map((x, k) => (hasSlope[k] ? like(x) : zero(x)));

  const result = await gpu.scope(async () => {
    const x = inputs.map((values, k) => upload(gpu, values, row.inputs[k]!.dtype));
    const wrt = x.filter((_, k) => hasSlope[k]);
    const y = row.run(...x);
    const loss = wrt.length ? sum(y.mul(upload(gpu, g))) : null;
    const first = loss ? grad(loss, wrt) : [];
    // each input also feeds q · x²
    const extra = wrt.map((t) => sum(t.mul(t).mul(upload(gpu, q[x.indexOf(t)]!))));
    const shared =
      loss && isSmall
        ? grad(
            extra.reduce((a, b) => a.add(b), loss),
            wrt,
          )
        : [];
    const curve = first.map((d) => sum(d.mul(upload(gpu, v[x.indexOf(wrt[first.indexOf(d)]!)]!))));
    const second =
      loss && isSmall && row.twice !== false
        ? grad(
            curve.reduce((a, b) => a.add(b)),
            wrt,
          )
        : [];
    await gpu.evaluate([y, ...first, ...shared, ...second]);
    const projected = async (list: readonly Tensor[]): Promise<number> => {
      let total = 0;
      for (const [k, d] of list.entries()) total += dot(await d.read(), u[x.indexOf(wrt[k]!)]!.data);
      return total;
    };
    return {
      shape: y.shape,
      y: await y.read(),
      first: await projected(first),
      shared: await projected(shared),
      second: await projected(second),
      calculated: first.length > 0,
      isShared: shared.length > 0,
      curved: second.length > 0,
    };
  });

  const f = (x: readonly Nd[]) => dot(g.data, row.reference(...x).data);
  const squares = (x: readonly Nd[]) =>
    x.reduce(
      (sum, values, k) =>
        sum +
        (hasSlope[k]
          ? dot(
              q[k]!.data,
              values.data.map((e) => e * e),
            )
          : 0),
      0,
    );
  const sameShapes = result.shape.join() === want.shape.join();
  return {
    ulps: sameShapes ? worst(result.y, want, row.scale?.(...inputs) ?? want) : Number.NaN,
    slope: result.calculated ? relative(numericSlope({ inputs, u, f }), result.first) : 0,
    shared: result.isShared ? relative(numericSlope({ inputs, u, f: (x) => f(x) + squares(x) }), result.shared) : 0,
    second: result.curved ? relative(numericCurve({ inputs, u, f }, v), result.second) : 0,
    same: alike(row, hasSlope) ? await measureSame(gpu, row, inputs[0]!, g, u[0]!) : null,
  };
}

/** Whether one tensor could be every input; asked of small rows only, for the graph is the same at every size. */
const alike = ({ inputs }: Row, hasSlope: readonly boolean[]): boolean =>
  inputs.length > 1 &&
  count(inputs[0]!.shape) <= 25 &&
  hasSlope.every(Boolean) &&
  inputs.every(
    ({ shape, domain }) => shape.join() === inputs[0]!.shape.join() && domain?.join() === inputs[0]!.domain?.join(),
  );

/** The op fed one tensor several times. */
async function measureSame(gpu: Gpu, row: Row, values: Nd, g: Nd, u: Nd): Promise<{ ulps: number; slope: number }> {
  const repeat = <T>(x: T): T[] => row.inputs.map(() => x);
  const want = row.reference(...repeat(values));
  return gpu.scope(async () => {
    const x = upload(gpu, values);
    const y = row.run(...repeat(x));
    const [dx] = grad(sum(y.mul(upload(gpu, g))), [x]);
    await gpu.evaluate([y, dx!]);
    const numeric = numericSlope({
      inputs: [values],
      u: [u],
      f: ([t]) => dot(g.data, row.reference(...repeat(t!)).data),
    });
    return {
      ulps: worst(await y.read(), want, row.scale?.(...repeat(values)) ?? want),
      slope: relative(numeric, dot(await dx!.read(), u.data)),
    };
  });
}
