import type { DType } from "./dtype.ts";

/** The functions of shaders/lib/map.wgsl and lib/philox.wgsl that a map can apply: types of the inputs, then of the result. */
const table = {
  copy: "f32 -> f32",
  copy_u32: "u32 -> u32",
  copy_i32: "i32 -> i32",
  copy_bool: "bool -> bool",
  add: "f32 f32 -> f32",
  sub: "f32 f32 -> f32",
  mul: "f32 f32 -> f32",
  div: "f32 f32 -> f32",
  neg: "f32 -> f32",
  add_u32: "u32 u32 -> u32",
  mul_u32: "u32 u32 -> u32",
  add_i32: "i32 i32 -> i32",
  mul_i32: "i32 i32 -> i32",
  f32_from_u32: "u32 -> f32",
  f32_from_i32: "i32 -> f32",
  u32_from_f32: "f32 -> u32",
  i32_from_f32: "f32 -> i32",
  u32_from_i32: "i32 -> u32",
  i32_from_u32: "u32 -> i32",
  bool_from_f32: "f32 -> bool",
  bool_from_i32: "i32 -> bool",
  bool_from_u32: "u32 -> bool",
  sub_u32: "u32 u32 -> u32",
  sub_i32: "i32 i32 -> i32",
  neg_u32: "u32 -> u32",
  neg_i32: "i32 -> i32",
  maximum_u32: "u32 u32 -> u32",
  maximum_i32: "i32 i32 -> i32",
  minimum_u32: "u32 u32 -> u32",
  minimum_i32: "i32 i32 -> i32",
  where_u32: "bool u32 u32 -> u32",
  where_i32: "bool i32 i32 -> i32",
  remainder_u32: "u32 u32 -> u32",
  remainder_i32: "i32 i32 -> i32",
  floor_divide_u32: "u32 u32 -> u32",
  floor_divide_i32: "i32 i32 -> i32",
  pow_u32: "u32 u32 -> u32",
  pow_i32: "i32 i32 -> i32",
  abs_i32: "i32 -> i32",
  sign_i32: "i32 -> i32",
  i32_from_u8: "u8 -> i32",
  u8_from_i32: "i32 -> u8",
  copy_u8: "u8 -> u8",
  equal_i32: "i32 i32 -> bool",
  less_i32: "i32 i32 -> bool",
  not_equal_u32: "u32 u32 -> bool",
  not_equal_i32: "i32 i32 -> bool",
  less_equal_u32: "u32 u32 -> bool",
  less_equal_i32: "i32 i32 -> bool",
  remainder: "f32 f32 -> f32",
  floor_divide: "f32 f32 -> f32",
  square: "f32 -> f32",
  abs_: "f32 -> f32",
  sign_: "f32 -> f32",
  round_: "f32 -> f32",
  floor_: "f32 -> f32",
  ceil_: "f32 -> f32",
  reciprocal: "f32 -> f32",
  sqrt_: "f32 -> f32",
  rsqrt: "f32 -> f32",
  exp_: "f32 -> f32",
  log_: "f32 -> f32",
  log2_: "f32 -> f32",
  expm1: "f32 -> f32",
  log1p: "f32 -> f32",
  tanh_: "f32 -> f32",
  sigmoid: "f32 -> f32",
  softplus: "f32 -> f32",
  relu: "f32 -> f32",
  leaky_relu: "f32 f32 -> f32",
  elu: "f32 f32 -> f32",
  erf_: "f32 -> f32",
  normal_cdf: "f32 -> f32",
  sin_: "f32 -> f32",
  cos_: "f32 -> f32",
  tan_: "f32 -> f32",
  atan2_: "f32 f32 -> f32",
  pow_: "f32 f32 -> f32",
  maximum: "f32 f32 -> f32",
  minimum: "f32 f32 -> f32",
  clamp_: "f32 f32 f32 -> f32",
  where_: "bool f32 f32 -> f32",
  less: "f32 f32 -> bool",
  less_equal: "f32 f32 -> bool",
  greater: "f32 f32 -> bool",
  greater_equal: "f32 f32 -> bool",
  equal: "f32 f32 -> bool",
  not_equal: "f32 f32 -> bool",
  equal_u32: "u32 u32 -> bool",
  less_u32: "u32 u32 -> bool",
  nan: "f32 -> bool",
  finite: "f32 -> bool",
  position: "i u32 u32 -> u32",
  label_of: "f32 -> u32",
  one_hot: "u32 u32 u32 u32 -> f32",
  relu_slope: "f32 f32 -> f32",
  leaky_relu_slope: "f32 f32 f32 -> f32",
  clamp_slope: "f32 f32 f32 f32 -> f32",
  elu_slope: "f32 f32 -> f32",
  wins: "f32 f32 f32 -> f32",
  is_extreme: "f32 f32 -> f32",
  reparameterise: "f32 f32 f32 -> f32",
  kl_term: "f32 f32 -> f32",
  bernoulli_term: "f32 f32 -> f32",
  bernoulli_slope: "f32 f32 f32 -> f32",
  random_uniform: "i u32 u32 u32 u32 -> f32",
  random_normal: "i u32 u32 u32 u32 -> f32",
  random_normal_pair: "i u32 u32 u32 u32 u32 -> f32",
  random_normal_at: "u32 u32 u32 u32 u32 -> f32",
} as const;

export type MapName = keyof typeof table;

/** The dtype of the result of a map. */
export type MapResult<F extends MapName> = (typeof table)[F] extends `${string}-> ${infer D extends DType}` ? D : never;

export interface MapSignature {
  /** Whether the function takes the element's own index first. */
  readonly indexed: boolean;
  readonly inputs: readonly DType[];
  readonly output: DType;
}

const signatures = new Map<MapName, MapSignature>();

/** What `name` takes and gives. */
export function signature(name: MapName): MapSignature {
  let cached = signatures.get(name);
  if (!cached) {
    const [left, output] = table[name].split(" -> ") as [string, DType];
    const words = left.split(" ");
    const indexed = words[0] === "i";
    signatures.set(name, (cached = { indexed, inputs: words.slice(Number(indexed)) as DType[], output }));
  }
  return cached;
}

/** The map that copies elements of `dtype`. */
export const copyOf = (dtype: DType): MapName => (dtype === "f32" ? "copy" : (`copy_${dtype}` as MapName));

export const mapNames = /* @__PURE__ */ Object.keys(table) as MapName[];
