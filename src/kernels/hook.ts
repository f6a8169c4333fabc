import type { Kernel } from "./launch.ts";

export type Scalar = "f32" | "i32" | "u32";

/** How a view is read: at the same index, one element, one repeated row, one element per channel, or by its strides. */
export type Form = "here" | "only" | "column" | "channel" | "at";

/** What a hook computes from its index: a small graph, shared parts being shared objects. */
export type Expression =
  | { readonly kind: "view"; readonly slot: number; readonly form: Form; readonly type: Scalar }
  | { readonly kind: "scalar"; readonly slot: number; readonly type: Scalar }
  | { readonly kind: "value"; readonly type: Scalar }
  | { readonly kind: "replaced"; readonly type: Scalar }
  | {
      readonly kind: "call";
      readonly name: string;
      readonly indexed: boolean;
      readonly inputs: readonly Expression[];
      readonly type: Scalar;
    };

/** What a hook does beside its result (shaders/lib/side.wgsl): stores a second value of element i, or adds to the running sum. */
export interface Beside {
  readonly stored?: Expression;
  readonly added?: Expression;
}

/** Writes the body of a hook: straight-line calls of the functions in shaders/lib/map.wgsl, one line each. */
export function hookBody(root: Expression, result: Scalar, { stored, added }: Beside = {}): string {
  const lines: string[] = [];
  const names = new Map<Expression, string>();
  const emit = (expression: Expression): string => {
    const known = names.get(expression);
    if (known) return known;
    const inputs = expression.kind === "call" ? expression.inputs.map(emit) : [];
    const name = expression.kind === "value" ? "value" : `t${names.size}`;
    if (expression.kind !== "value") lines.push(`  let ${name} = ${text(expression, inputs)};`);
    names.set(expression, name);
    return name;
  };
  const last = emit(root);
  if (stored) lines.push(`  side[i] = ${emit(stored)};`);
  if (added) lines.push(`  running += ${emit(added)};`);
  const word = result === root.type ? last : `bitcast<${result}>(${last})`;
  return `{\n${lines.join("\n")}\n  return ${word};\n}`;
}

/** The binding of `side` in shaders/lib/side.wgsl. */
export const SIDE_BINDING = 17;
/** The body of the hook `finish` that keeps the running sums. */
export const KEEP_SUMS = "{\n  side[i] = running;\n  return running;\n}";

function text(expression: Exclude<Expression, { kind: "value" }>, inputs: readonly string[]): string {
  const cast = (word: string) => (expression.type === "u32" ? word : `bitcast<${expression.type}>(${word})`);
  switch (expression.kind) {
    case "view":
      return cast(`x${expression.slot}_${expression.form}(i)`);
    case "scalar":
      return cast(`scalar_bits(${expression.slot}u)`);
    case "replaced":
      return cast("y_here(i)");
    case "call":
      return `${expression.name}(${[...(expression.indexed ? ["i"] : []), ...inputs].join(", ")})`;
  }
}

/** The kernel's text with other values for its constants and other bodies for its hooks. */
export function specialise(
  kernel: Kernel,
  constants: { readonly [name: string]: number },
  bodies: { readonly [hook: string]: string },
): string {
  let code = kernel.code;
  for (const [name, value] of Object.entries(constants)) {
    if (!(name in kernel.constants)) throw new Error(`${kernel.name} has no constant ${name}`);
    code = code.replace(`const ${name} = ${kernel.constants[name]}u;`, `const ${name} = ${value}u;`);
  }
  for (const [hook, body] of Object.entries(bodies)) {
    const signature = kernel.hooks[hook];
    if (signature === undefined) throw new Error(`${kernel.name} has no hook ${hook}`);
    const head = `//#hook\nfn ${hook}${signature} `;
    const start = code.indexOf(head) + head.length;
    const end = bodyEnd(code, start);
    code = code.slice(0, start) + body + code.slice(end);
  }
  return code;
}

/** The position after the brace that closes the one at `start`. */
function bodyEnd(code: string, start: number): number {
  let depth = 0;
  for (let at = start; at < code.length; at++) {
    if (code[at] === "{") depth++;
    if (code[at] === "}" && --depth === 0) return at + 1;
  }
  throw new Error("a hook has no closing brace");
}

/** A strided view as lib/extras.wgsl reads it: row-major dims, strides in elements. */
export interface View {
  readonly offset: number;
  readonly dims: readonly number[];
  readonly strides: readonly number[];
}

export const MAX_VIEWS = 7;
export const MAX_SCALARS = 16;
const MAX_RANK = 8;
const SCALAR_BYTES = MAX_SCALARS * 4;
// offset and rank, padded to 16 bytes; then two vec4u of dims and two of strides
const VIEW_BYTES = 16 + 2 * MAX_RANK * 4;
export const EXTRAS_BYTES = SCALAR_BYTES + MAX_VIEWS * VIEW_BYTES;
export const scalarOffset = (slot: number): number => slot * 4;

/** The uniform `extras`, without its scalars. */
export function packViews(views: readonly View[]): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(EXTRAS_BYTES / 4);
  for (const [slot, { offset, dims, strides }] of views.entries()) {
    const at = (SCALAR_BYTES + slot * VIEW_BYTES) / 4;
    if (dims.length > MAX_RANK) throw new Error(`a view of ${dims.length} dims, but a hook reads at most ${MAX_RANK}`);
    words.set([offset, dims.length, 0, 0], at);
    words.set([...dims].reverse(), at + 4);
    words.set([...strides].reverse(), at + 4 + MAX_RANK);
  }
  return words;
}

/** Merges neighbouring dims that step as one, drops dims of 1, and names the cheapest way to read the result. */
export function simplify({ offset, dims, strides }: View, size: number): { view: View; form: Form } {
  const merged: { dim: number; stride: number }[] = [];
  for (const [d, dim] of dims.entries()) {
    if (dim === 1) continue;
    const stride = strides[d]!;
    const outer = merged.at(-1);
    if (outer && (outer.stride === dim * stride || (outer.stride === 0 && stride === 0))) {
      outer.dim *= dim;
      outer.stride = stride;
    } else merged.push({ dim, stride });
  }
  const view = { offset, dims: merged.map((m) => m.dim), strides: merged.map((m) => m.stride) };
  const [first, second] = merged;
  if (!first || (merged.length === 1 && first.stride === 0))
    return { view: { offset, dims: [], strides: [] }, form: "only" };
  if (merged.length === 1 && first.stride === 1 && first.dim === size) return { view, form: "here" };
  if (merged.length === 2 && first.stride === 0 && second!.stride === 1)
    return { view: { offset, dims: [second!.dim], strides: [1] }, form: "column" };
  const [outer, channel, inner] = merged.length === 2 ? [{ stride: 0 }, first, second] : merged;
  if (merged.length <= 3 && outer!.stride === 0 && channel?.stride === 1 && inner?.stride === 0)
    return { view: { offset, dims: [channel.dim, inner.dim], strides: [1, 0] }, form: "channel" };
  return { view, form: "at" };
}
