// What the types know of dtypes. Nothing runs: `npm run check` compiles this file.
import type { DType, Gpu, Tensor, TypedArray } from "../src/index.ts";
import * as ops from "../src/index.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles where `value` is exactly a T. */
const is =
  <T>() =>
  <V>(_value: V & (Same<V, T> extends true ? unknown : never)): void => {};

export async function inferred(gpu: Gpu, any: Tensor, i: Tensor<"i32">, some: readonly number[] | Float32Array) {
  const f = gpu.tensor([1, 2]);
  is<Tensor<"f32">>()(f);
  is<Float32Array<ArrayBuffer>>()(await f.read());
  is<Tensor<"f32">>()(gpu.tensor(new Float32Array(2), [2, 1]));
  is<Tensor<"f32">>()(gpu.tensor(new Float64Array(2)));
  is<Tensor<"f32">>()(gpu.tensor([]));
  is<Tensor<"f32">>()(gpu.tensor(some));
  is<Tensor<"i32">>()(gpu.tensor(new Int32Array(2)));
  is<Tensor<"u8">>()(gpu.state(new Uint8Array(2)));
  is<Tensor<"u32">>()(gpu.tensor([[1], [2]], [2], { dtype: "u32" }));
  is<Tensor<"u32">>()(gpu.tensor([1, 2], { dtype: "u32" }));
  is<Tensor<"bool">>()(gpu.tensor([[true], [false]]));
  is<TypedArray>()(await any.read());

  is<Tensor<"f32">>()(f.add(1));
  is<Tensor<"f32">>()(f.add(f).mul(f).sub(2).pow(2).neg().reshape([2, 1]).transpose().sum().mean());
  is<Tensor<"i32">>()(i.add(1).mul(i));
  is<Tensor<"f32">>()(i.div(2));
  is<Tensor<"f32">>()(ops.add(f, any));
  is<Tensor<"i32">>()(ops.sub(1, i));
  is<Tensor<"bool">>()(ops.less(i, 2));
  is<Tensor<"f32">>()(ops.mul(ops.less(f, 0), f));
  is<Tensor<"f32">>()(ops.mul(ops.less(f, 0), 2));
  is<Tensor<"bool">>()(ops.mul(ops.less(f, 0), ops.isFinite(f)));
  is<Tensor<"i32">>()(ops.where(ops.less(f, 0), i, 0));
  is<Tensor<"u32">>()(ops.argmax(f));
  is<Tensor<"i32">>()(ops.sort(i).values);
  is<Tensor<"i32">>()(ops.concat([i, i], 0));
  is<Tensor<"f32">>()(ops.exp(any));
  is<Tensor<"bool">>()(ops.cast(f, "bool"));
  is<Tensor>()(ops.add(any, any));

  // a known dtype may stand where any will do, and not the other way round
  const wide: Tensor = f;
  // @ts-expect-error: any tensor is no f32 tensor
  const narrow: Tensor<"f32"> = any;
  // @ts-expect-error: i32 is not f32
  const other: Tensor<"f32"> = i;
  return [wide, narrow, other];
}

/** Code that is generic in the dtype. */
export const twice = <D extends DType>(x: Tensor<D>): Tensor<D> => ops.concat([x, x], 0);
