import { check, checkOptions, show } from "../../device/errors.ts";
import { loadLibrary, type OwnKernel, ownKernel } from "../../kernels/own.ts";
import { count, type DType, type Shape, type Spec } from "../dtype.ts";
import type { Attributes, KernelOp } from "../kernelOp.ts";
import { checkTensor } from "../operand.ts";
import { checkSizes, record } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { pulledBack, zerosLike } from "./customGradient.ts";

/** What an output is: its shape, and its dtype where that is not f32. */
export type OutputSpec = Shape | { readonly shape: Shape; readonly dtype?: DType };
/** Workgroups along x, y and z; a number is those along x. */
export type Groups = number | readonly [x: number, y?: number, z?: number];

/** A kernel of the user's, as an op. */
export interface OpDefinition<Outputs extends OutputSpec | readonly OutputSpec[]> {
  /** Names the op in messages and plans. */
  readonly name: string;
  /** A complete WGSL module with one `@compute` entry point `main`. */
  readonly wgsl: string;
  /** The inputs in the order of their bindings: f32, or each with its dtype (f32, i32 or u32). */
  readonly inputs: readonly string[] | { readonly [name: string]: DType };
  /** The shape of the output, or a list with one for each, from the inputs' shapes. It may throw. */
  outputs(shapes: readonly Shape[], attributes: Attributes): Outputs;
  /** Workgroups of one dispatch, at most 65,535 along each dimension. */
  groups(shapes: readonly Shape[], attributes: Attributes): Groups;
  /** The members of `struct Params`; the attributes by default. */
  params?(shapes: readonly Shape[], attributes: Attributes): { readonly [member: string]: number };
  /** The gradient of each input (null: none), given that of every output. Without it `grad` refuses to go through. */
  vjp?(
    gradients: readonly Tensor[],
    inputs: readonly Tensor[],
    outputs: readonly Tensor[],
    attributes: Attributes,
  ): readonly (Tensor | null)[];
}

/** The tensor of an op with one output; a list of those that `outputs` lists. */
export type Defined<Outputs> = Outputs extends Shape | { readonly shape: Shape } ? Tensor : Tensor[];

/**
 * An op from a WGSL kernel of one's own. It is planned, fused, differentiated and replayed as the engine's are.
 *
 *     const scale = defineOp({
 *       name: "scale",
 *       inputs: ["x"],
 *       wgsl: `
 *         struct Params { size: u32, factor: f32 }
 *         @group(0) @binding(0) var<storage, read> x: array<f32>;
 *         @group(0) @binding(1) var<storage, read_write> y: array<f32>;
 *         @group(0) @binding(2) var<uniform> params: Params;
 *         //#hook
 *         fn epilogue(i: u32, value: f32) -> f32 { return value; }
 *         @compute @workgroup_size(64)
 *         fn main(@builtin(global_invocation_id) id: vec3u) {
 *           if (id.x < params.size) { y[id.x] = epilogue(id.x, params.factor * x[id.x]); }
 *         }`,
 *       outputs: ([x]) => x!,
 *       groups: ([x]) => Math.ceil(x!.reduce((a, b) => a * b, 1) / 64),
 *       params: ([x], { factor }) => ({ size: x!.reduce((a, b) => a * b, 1), factor: Number(factor) }),
 *       vjp: ([g], _inputs, _outputs, { factor }) => [g!.mul(Number(factor))],
 *     });
 *     const y = scale([x], { factor: 2 });
 *
 * Bindings are in group 0 and in order: the inputs (`var<storage, read>`), the outputs (`read_write`), then, if there is one,
 * `var<uniform> params: Params`, a struct of f32, i32 and u32. Inputs arrive contiguous and row-major; every element of an output
 * has to be written. Where a function `epilogue` stands under a line `//#hook` and every element of the one f32 output is stored
 * through it with its index, the maps behind the op are computed there; its names must not be those of shaders/lib/map.wgsl.
 * Attributes choose what the op does and are part of a plan; values that change from run to run are inputs.
 *
 * Throws LatentError("argument") where bindings, attributes or dtypes do not fit, "shape" where shapes do not. WGSL that does not
 * compile rejects the run that needs it, with the line and the op's name.
 */
export function defineOp<const Outputs extends OutputSpec | readonly OutputSpec[]>(
  definition: OpDefinition<Outputs>,
): (inputs: readonly Tensor[], attributes?: Attributes) => Defined<Outputs> {
  check(typeof definition === "object" && definition !== null, "argument", "defineOp", () => {
    return `expected { name, wgsl, inputs, outputs, groups }; got ${definition === null ? "null" : typeof definition}.`;
  });
  checkOptions("defineOp", definition, ["name", "wgsl", "inputs", "outputs", "groups", "params", "vjp"]);
  const { name, wgsl, inputs: given, vjp } = definition;
  const text = (value: unknown, what: string) =>
    check(typeof value === "string" && value !== "", "argument", "defineOp", () => {
      return `expected ${what} as a string; got ${value === "" ? "an empty one" : typeof value}.`;
    });
  text(name, "a name");
  text(wgsl, "wgsl");
  for (const part of ["outputs", "groups"] as const)
    check(typeof definition[part] === "function", "argument", name, () => {
      return `expected a function ${part}(shapes, attributes); got ${typeof definition[part]}.`;
    });
  const inputs = Array.isArray(given)
    ? given.map((input: string) => [input, "f32"] as const)
    : Object.entries(given as { readonly [name: string]: DType });
  for (const [input, dtype] of inputs)
    check(["f32", "i32", "u32"].includes(dtype), "argument", name, () => {
      return `expected ${input} f32, i32 or u32; got ${dtype}.`;
    });
  const own = ++defined;
  let kernel: OwnKernel | undefined;
  const paramsOf = (shapes: readonly Shape[], attributes: Attributes) =>
    (definition.params?.(shapes, attributes) ?? attributes) as { readonly [member: string]: number };
  const op: KernelOp = {
    name,
    own,
    load: loadLibrary,
    launch: (operands, outputs, attributes) => {
      const shapes = operands.map(({ shape }) => shape);
      const { names, takesEpilogue } = kernel!;
      return {
        launches: [
          {
            kernel: kernel!.kernel,
            bind: Object.fromEntries(
              names.map((n, i) => [n, i < inputs.length ? { input: i } : { output: i - inputs.length }]),
            ),
            params: paramsOf(shapes, attributes),
            groups: groupsOf(name, definition.groups(shapes, attributes)),
            takesEpilogue: takesEpilogue && outputs.length === 1 && outputs[0]!.dtype === "f32",
          },
        ],
      };
    },
  };
  return (tensors, attributes = {}) => {
    check(Array.isArray(tensors) && tensors.length === inputs.length, "argument", name, () => {
      const got = Array.isArray(tensors) ? tensors.length : typeof tensors;
      return `expected a list of ${inputs.length} tensors (${inputs.map(([n]) => n).join(", ")}); got ${got}.`;
    });
    for (const [i, x] of tensors.entries()) {
      checkTensor(name, x);
      const [input, dtype] = inputs[i]!;
      check(x.dtype === dtype, "argument", name, () => `expected ${input} ${dtype}; got ${x.dtype}.`);
    }
    const shapes = tensors.map(({ shape }) => shape);
    const found = definition.outputs(shapes, attributes);
    const isOne = !Array.isArray(found) || found.every((n) => typeof n === "number");
    const list = (isOne ? [found] : found) as readonly OutputSpec[];
    const specs = list.map((one): Spec => {
      const { shape, dtype = "f32" }: { shape: Shape; dtype?: DType } = "shape" in one ? one : { shape: one };
      checkSizes(name, shape);
      check(
        ["f32", "i32", "u32"].includes(dtype),
        "argument",
        name,
        () => `expected outputs f32, i32 or u32; got ${dtype}.`,
      );
      return { shape, dtype };
    });
    kernel ??= ownKernel(name, own, wgsl, inputs.length, specs.length);
    check(kernel.names.length === inputs.length + specs.length, "argument", name, () => {
      return `its wgsl has ${kernel!.names.length} storage bindings. Expected ${inputs.length} for inputs and ${specs.length} for outputs.`;
    });
    const params = paramsOf(shapes, attributes);
    for (const member of Object.keys(kernel.kernel.params))
      check(typeof params[member] === "number", "argument", name, () => {
        return `expected a number for params.${member}. Give it as an attribute or in params; got ${typeof params[member]}.`;
      });
    groupsOf(name, definition.groups(shapes, attributes));
    const outputs: Tensor[] = record(op, tensors, specs, attributes, (gradients) => {
      check(vjp !== undefined, "argument", "grad", () => {
        return `the op ${name} has no vjp, so no gradient goes through it. Give defineOp one, or put detach() before it.`;
      });
      const complete = outputs.map((y, i) => gradients[i] ?? zerosLike(y));
      return pulledBack(name, vjp!(complete, tensors, outputs, attributes), tensors);
    });
    return (isOne ? outputs[0] : outputs) as Defined<Outputs>;
  };
}

/** How many ops were defined: two of one name are two. */
let defined = 0;

function groupsOf(where: string, groups: Groups): [number, number, number] {
  const [x, y = 1, z = 1] = typeof groups === "number" ? [groups] : groups;
  check(
    [x, y, z].every((n) => Number.isInteger(n) && n > 0) && count([x, y, z]) < 2 ** 53,
    "argument",
    where,
    () => `expected groups as whole numbers > 0; got ${show([x, y, z])}.`,
  );
  check(
    [x, y, z].every((n) => n <= 65_535),
    "limit",
    where,
    () => `expected at most 65,535 workgroups along each dimension; got ${show([x, y, z])}. Fold them in groups.`,
  );
  return [x, y, z];
}
