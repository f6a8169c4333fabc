/** Arrays of float64 in row-major order: what the references of the op table are written in. Slow and plain. */
export interface Nd {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The array of `shape` whose element at `index` is `f(index)`. */
export function nd(shape: readonly number[], f: (index: readonly number[], flat: number) => number): Nd {
  const index = shape.map(() => 0);
  const data = new Float64Array(count(shape));
  for (let flat = 0; flat < data.length; flat++) {
    data[flat] = f(index, flat);
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d] = index[d]! + 1;
      if (index[d]! < shape[d]!) break;
      index[d] = 0;
    }
  }
  return { shape, data };
}

export function at({ shape, data }: Nd, index: readonly number[]): number {
  let flat = 0;
  for (const [d, n] of shape.entries()) flat = flat * n + index[d]!;
  return data[flat]!;
}

/** Element by element over arrays broadcast together, aligned from the right. */
export function each(f: (...values: number[]) => number, ...arrays: readonly Nd[]): Nd {
  const rank = Math.max(...arrays.map((a) => a.shape.length));
  const shape = Array.from({ length: rank }, (_, d) =>
    arrays.reduce((most, a) => Math.max(most, a.shape[d - rank + a.shape.length] ?? 1), 1),
  );
  if (arrays.every((a) => a.data.length === count(shape)))
    return { shape, data: Float64Array.from(arrays[0]!.data, (_, i) => f(...arrays.map((a) => a.data[i]!))) };
  return nd(shape, (index) =>
    f(
      ...arrays.map((a) =>
        at(
          a,
          a.shape.map((n, d) => (n === 1 ? 0 : index[d + rank - a.shape.length]!)),
        ),
      ),
    ),
  );
}

export const scalar = (value: number): Nd => ({ shape: [], data: Float64Array.of(value) });
export const reshaped = (x: Nd, shape: readonly number[]): Nd => ({ shape, data: x.data });

/** Folds `axes` (all by default) with `f`, from `start`. */
export function fold(
  x: Nd,
  axes: readonly number[] | undefined,
  start: number,
  f: (a: number, b: number) => number,
  keep = false,
): Nd {
  const over = (axes ?? x.shape.map((_, d) => d)).map((d) => (d < 0 ? d + x.shape.length : d));
  const kept = x.shape.map((n, d) => (over.includes(d) ? 1 : n));
  const data = new Float64Array(count(kept)).fill(start);
  const strides = kept.map((_, d) => count(kept.slice(d + 1)));
  nd(x.shape, (index, flat) => {
    let to = 0;
    for (const [d, i] of index.entries()) if (!over.includes(d)) to += i * strides[d]!;
    data[to] = f(data[to]!, x.data[flat]!);
    return 0;
  });
  return { shape: keep ? kept : x.shape.filter((_, d) => !over.includes(d)), data };
}

export const total = (x: Nd, axes?: readonly number[], keep = false): Nd => fold(x, axes, 0, (a, b) => a + b, keep);
export const largest = (x: Nd, axes?: readonly number[], keep = false): Nd => fold(x, axes, -Infinity, Math.max, keep);
export const absolute = (x: Nd): Nd => each(Math.abs, x);

/** How many elements of x go into each element of its fold over `axes`. */
export const extentOf = (x: Nd, axes?: readonly number[]): number => x.data.length / total(x, axes).data.length;

export const average = (x: Nd, axes?: readonly number[], keep = false): Nd => {
  const n = extentOf(x, axes);
  return each((v) => v / n, total(x, axes, keep));
};

export function spread(x: Nd, axes?: readonly number[], keep = false, ddof = 0): Nd {
  const n = extentOf(x, axes);
  const squares = each((v, m) => (v - m) ** 2, x, average(x, axes, true));
  return each((v) => v / (n - ddof), total(squares, axes, keep));
}

export const permuted = (x: Nd, order: readonly number[]): Nd =>
  nd(
    order.map((d) => x.shape[d]!),
    (index) => {
      const from = x.shape.map(() => 0);
      for (const [d, source] of order.entries()) from[source] = index[d]!;
      return at(x, from);
    },
  );

export const sliced = (x: Nd, axis: number, start: number, stop: number): Nd =>
  nd(
    x.shape.map((n, d) => (d === axis ? stop - start : n)),
    (index) =>
      at(
        x,
        index.map((i, d) => (d === axis ? i + start : i)),
      ),
  );

export function joined(parts: readonly Nd[], axis: number): Nd {
  const starts: number[] = [];
  const extent = parts.reduce((sum, p) => (starts.push(sum), sum + p.shape[axis]!), 0);
  return nd(
    parts[0]!.shape.map((n, d) => (d === axis ? extent : n)),
    (index) => {
      const k = starts.findLastIndex((s) => s <= index[axis]!);
      return at(
        parts[k]!,
        index.map((i, d) => (d === axis ? i - starts[k]! : i)),
      );
    },
  );
}

/** Stacks of matrices, whose leading axes broadcast. */
export function product(a: Nd, b: Nd): Nd {
  const [m, k] = a.shape.slice(-2) as [number, number];
  const n = b.shape.at(-1)!;
  const stack = each(
    (v) => v,
    nd(a.shape.slice(0, -2), () => 0),
    nd(b.shape.slice(0, -2), () => 0),
  ).shape;
  const other = each(
    (v) => v,
    nd(b.shape.slice(0, -2), () => 0),
    nd(a.shape.slice(0, -2), () => 0),
  ).shape;
  const leading = stack.map((s, d) => Math.max(s, other[d]!));
  const matrix = (x: Nd, index: readonly number[]) =>
    x.shape.slice(0, -2).map((s, d) => (s === 1 ? 0 : index[d + leading.length - (x.shape.length - 2)]!));
  return nd([...leading, m, n], (index) => {
    const [i, j] = index.slice(-2) as [number, number];
    const [left, right] = [matrix(a, index), matrix(b, index)];
    let sum = 0;
    for (let r = 0; r < k; r++) sum += at(a, [...left, i, r]) * at(b, [...right, r, j]);
    return sum;
  });
}
