import type { Kernel } from "./launch.ts";
import { linked } from "./library.ts";

export type Scalar = "f32" | "i32" | "u32";

/** What a hook computes from its index: a small graph, shared parts being shared objects. */
export type Expression =
  | {
      readonly kind: "view";
      readonly slot: number;
      readonly view: View;
      readonly type: Scalar;
      /** Elements are bytes, four to a word. */
      readonly bytes?: boolean;
    }
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

/** Side outputs of a hook (shaders/lib/side_output.wgsl): it stores a second value of element i, or adds it to the running sum. */
export interface SideOutputs {
  readonly sideStore?: Expression;
  readonly sideSum?: Expression;
}

/**
 * The scalar that holds where a view of the buffer in `slot` begins, or null where none is left: views that differ in nothing else
 * then share a kernel.
 */
export type Offsets = (slot: number, offset: number) => number | null;

/** Writes the body of a hook: straight-line calls of the functions in shaders/lib/map.wgsl, one line each. */
export function hookBody(
  result: Expression,
  resultType: Scalar,
  offsets: Offsets,
  { sideStore, sideSum }: SideOutputs = {},
): string {
  const lines: string[] = [];
  const names = new Map<Expression, string>();
  const places = new Map<string, string>();
  // views of one layout share their index: its divisions are worked out once
  const place = (slot: number, view: View): string => {
    const index = indexOf(view, slot, offsets);
    if (!index.includes("i ")) return index;
    const cached = places.get(index);
    if (cached) return cached;
    const name = `k${places.size}`;
    lines.push(`  let ${name} = ${index};`);
    places.set(index, name);
    return name;
  };
  const emit = (expression: Expression): string => {
    const cached = names.get(expression);
    if (cached) return cached;
    const inputs = expression.kind === "call" ? expression.inputs.map(emit) : [];
    const name = expression.kind === "value" ? "value" : `t${names.size}`;
    if (expression.kind !== "value") lines.push(`  let ${name} = ${text(expression, inputs, place)};`);
    names.set(expression, name);
    return name;
  };
  const last = emit(result);
  if (sideStore) lines.push(`  side_output[i] = ${emit(sideStore)};`);
  if (sideSum) lines.push(`  running += ${emit(sideSum)};`);
  const word = resultType === result.type ? last : `bitcast<${resultType}>(${last})`;
  return `{\n${lines.join("\n")}\n  return ${word};\n}`;
}

/** The binding of `side_output` in shaders/lib/side_output.wgsl. */
export const SIDE_OUTPUT_BINDING = 17;
/** The body of the hook `finish` that keeps the running sums. */
export const STORE_PARTIAL_SUMS =
  "{\n  if (i < arrayLength(&side_output)) { side_output[i] = running; }\n  return running;\n}";

function text(
  expression: Exclude<Expression, { kind: "value" }>,
  inputs: readonly string[],
  place: (slot: number, view: View) => string,
): string {
  const cast = (word: string) => (expression.type === "u32" ? word : `bitcast<${expression.type}>(${word})`);
  switch (expression.kind) {
    case "view": {
      const at = place(expression.slot, expression.view);
      if (expression.bytes) return `byte_at(x${expression.slot}[(${at}) >> 2u], ${at})`;
      return cast(`x${expression.slot}[${at}]`);
    }
    case "scalar":
      return cast(`scalar_bits(${expression.slot}u)`);
    case "replaced":
      return cast("y[i]");
    case "call":
      return `${expression.name}(${[...(expression.indexed ? ["i"] : []), ...inputs].join(", ")})`;
  }
}

/** The kernel's text with other values for its constants, other bodies for its hooks, and the functions that they call. */
export function specialise(
  kernel: Kernel,
  constants: { readonly [name: string]: number },
  bodies: { readonly [hook: string]: string },
): string {
  let code = kernel.code;
  for (const [name, value] of Object.entries(constants)) {
    if (!(name in kernel.constants)) throw new Error(`${kernel.name} has no constant ${name}`);
    code = code.replace(`const ${name}=${kernel.constants[name]}u;`, `const ${name}=${value}u;`);
  }
  // what short sums leave out goes at once: a software adapter may go through it, and hold registers for it
  if (constants["MANY_TERMS"] === 0) code = ofShortSums(code);
  for (const [hook, body] of Object.entries(bodies)) {
    const signature = kernel.hooks[hook];
    if (signature === undefined) throw new Error(`${kernel.name} has no hook ${hook}`);
    const head = `//#hook\nfn ${hook}${signature}`;
    const start = code.indexOf(head) + head.length;
    const end = bodyEnd(code, start);
    code = code.slice(0, start) + body + code.slice(end);
  }
  // a user's kernel without a hook is complete
  return kernel.own && !kernel.hooks["epilogue"] ? code : linked(code);
}

/** The head of a loop over runs of terms, and of the loop over one run in it. */
const RUNS = /for\(var (\w+)=(\w+);\1<([\w.]+);\1\+=(\w+)\)\{([^{}]*)for\(var (\w+)=\1;\6<min\(\1\+\4,\3\);/g;
/** The same where a `while` stands around: the loop over one run repeats its condition. */
const RUN = /for\(var (\w+)=0u;\1<\w+&&[^;]*;\1\+\+\)\{/g;

/** `code` for sums that are one run of terms. A loop around that goes once would still cost column sums a quarter of their speed. */
export const ofShortSums = (code: string): string =>
  without(code, "if(MANY_TERMS==1u)").replaceAll(RUNS, "{let $1=$2;$5for(var $6=$1;$6<$3;").replaceAll(RUN, "{");

/** `code` without the blocks that begin with `head`. */
function without(code: string, head: string): string {
  const start = code.indexOf(head);
  return start < 0 ? code : without(code.slice(0, start) + code.slice(bodyEnd(code, start)), head);
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

/** A strided view: row-major dims, strides in elements. */
export interface View {
  readonly offset: number;
  readonly dims: readonly number[];
  readonly strides: readonly number[];
}

/**
 * Where element `i` of a view lies, as text. The numbers but the offset are written out: a division by a constant costs a device far less than
 * one by a value from memory, and a load of them would cost as much as the element's.
 */
export function indexOf({ offset, dims, strides }: View, slot: number, offsets: Offsets, i = "i"): string {
  const terms: string[] = [];
  const merged = mergedDims(dims, strides);
  let inner = 1;
  for (const [place, { dim, stride }] of [...merged.entries()].reverse()) {
    const divided = inner === 1 ? i : isPower(inner) ? `(${i} >> ${Math.log2(inner)}u)` : `(${i} / ${inner}u)`;
    // i never passes the end, so the outermost index needs no modulo
    const index = place === 0 ? divided : isPower(dim) ? `(${divided} & ${dim - 1}u)` : `${divided} % ${dim}u`;
    if (stride === 1) terms.unshift(index);
    else if (stride !== 0) terms.unshift(`${index.includes(" ") ? `(${index})` : index} * ${stride}u`);
    inner *= dim;
  }
  const scalar = offset ? offsets(slot, offset) : null;
  if (scalar !== null) terms.unshift(`scalar_bits(${scalar}u)`);
  else if (offset || terms.length === 0) terms.unshift(`${offset}u`);
  return terms.join(" + ");
}

/** Whether a division by `n` is a shift. */
const isPower = (n: number): boolean => Number.isInteger(Math.log2(n));

/** Neighbouring dims that step as one are merged, dims of 1 dropped. */
export function mergedDims(dims: readonly number[], strides: readonly number[]): { dim: number; stride: number }[] {
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
  return merged;
}

export const MAX_VIEWS = 7;
export const MAX_SCALARS = 16;
export const SCALARS_BYTES = MAX_SCALARS * 4;
