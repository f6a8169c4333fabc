import { type SideOutputs, type Expression, indexOf, mergedDims, type Offsets, type View } from "./hook.ts";

/**
 * How four neighbouring elements of a tensor lie in a view of another: together in one vec4 at `index`, as one element that
 * all four share, or at `index` and every `step` elements on; `index` is a view of the fours. null where their distance changes from four to four.
 */
type Layout =
  | { readonly kind: "together"; readonly index: View }
  | { readonly kind: "shared"; readonly index: View }
  | { readonly kind: "apart"; readonly index: View; readonly step: number };

const COMPONENTS = ["x", "y", "z", "w"] as const;

/** Functions that draw four elements at the price of one, under the name of the function and an s. */
export const DRAWS: ReadonlySet<string> = new Set(["random_normal", "random_uniform", "random_normal_pair"]);

/**
 * Writes the body of a hook that gives elements 4j … 4j + 3 at once: loads of whole vec4 where a view allows them, then the
 * functions of shaders/lib/map.wgsl element by element. null where nothing would be gained by it. `taken`: slots that
 * another hook of the dispatch reads element by element.
 */
export function vec4Body(
  result: Expression,
  resultType: "vec4f" | "vec4u",
  offsets: Offsets,
  { sideStore, sideSum }: SideOutputs = {},
  taken: ReadonlySet<number> = new Set(),
): string | null {
  const views = viewsOf([result, sideStore, sideSum].flatMap((expression) => expression ?? []));
  const layouts = views.map(({ view }) => layoutOf(view));
  if (layouts.includes(null) || views.some(({ bytes }) => bytes)) return null;
  if (views.length > 0 && layouts.every((layout) => layout!.kind === "apart")) return null;
  // a buffer is bound once: as vec4 if that serves all that is read of it
  const single = new Set([
    ...taken,
    ...views.flatMap(({ slot }, k) => (layouts[k]!.kind === "together" ? [] : [slot])),
  ]);
  const writer = new Vec4Writer(single, offsets);
  const last = writer.write(result);
  if (sideStore)
    for (const [e, word] of writer.write(sideStore).entries())
      writer.lines.push(`  side_output[4u * j + ${e}u] = ${word};`);
  if (sideSum) writer.lines.push(`  running += ${writer.write(sideSum).join(" + ")};`);
  const vec4 = `vec4<${result.type}>(${isShared(last) ? last[0] : last.join(", ")})`;
  return `{\n${writer.lines.join("\n")}\n  return bitcast<${resultType}>(${vec4});\n}`;
}

type Vec4 = readonly [string, string, string, string];
const same = (word: string): Vec4 => [word, word, word, word];
const isShared = (vec4: Vec4) => vec4.every((word) => word === vec4[0]);

class Vec4Writer {
  readonly lines: string[] = [];
  /** Slots that are read element by element. */
  readonly #single: ReadonlySet<number>;
  readonly #offsets: Offsets;
  readonly #built = new Map<Expression, Vec4>();
  readonly #places = new Map<string, string>();

  constructor(single: ReadonlySet<number>, offsets: Offsets) {
    this.#single = single;
    this.#offsets = offsets;
  }

  /** The names of the expression's four values. */
  write(expression: Expression): Vec4 {
    let names = this.#built.get(expression);
    if (!names) this.#built.set(expression, (names = this.#define(expression)));
    return names;
  }

  #define(expression: Expression): Vec4 {
    switch (expression.kind) {
      case "view":
        return this.#load(expression);
      case "scalar":
        return same(this.#let(cast(expression, `scalar_bits(${expression.slot}u)`)));
      case "replaced":
        return components(this.#let(castVec4(expression, "y[j]")));
      case "value":
        return components("value");
      case "call":
        return this.#call(expression);
    }
  }

  #call({ name, indexed, inputs }: Extract<Expression, { kind: "call" }>): Vec4 {
    const given = inputs.map((input) => this.write(input));
    const shared = given.every(isShared);
    if (indexed && shared && DRAWS.has(name))
      return components(this.#let(`${name}s(${["4u * j", ...given.map(([word]) => word)].join(", ")})`));
    if (shared && !indexed) return same(this.#let(`${name}(${given.map(([word]) => word).join(", ")})`));
    const one = (e: number) =>
      this.#let(`${name}(${[...(indexed ? [`4u * j + ${e}u`] : []), ...given.map((vec4) => vec4[e])].join(", ")})`);
    return [one(0), one(1), one(2), one(3)];
  }

  #load(expression: Extract<Expression, { kind: "view" }>): Vec4 {
    const { slot, view } = expression;
    const layout = layoutOf(view)!;
    const at = this.#place(indexOf(layout.index, slot, this.#offsets, "j"));
    if (layout.kind === "together" && !this.#single.has(slot))
      return components(this.#let(castVec4(expression, `q${slot}[${at}]`)));
    if (layout.kind === "shared") return same(this.#let(cast(expression, `x${slot}[${at}]`)));
    const [first, step] = layout.kind === "together" ? [`4u * ${parenthesised(at)}`, 1] : [at, layout.step];
    const one = (e: number) => this.#let(cast(expression, `x${slot}[${e ? `${first} + ${e * step}u` : first}]`));
    return [one(0), one(1), one(2), one(3)];
  }

  /** Views of one layout share their index: its divisions are worked out once. */
  #place(index: string): string {
    if (!index.includes(" ")) return index;
    let name = this.#places.get(index);
    if (!name) {
      name = `k${this.#places.size}`;
      this.lines.push(`  let ${name} = ${index};`);
      this.#places.set(index, name);
    }
    return name;
  }

  #let(text: string): string {
    const name = `t${this.lines.length}`;
    this.lines.push(`  let ${name} = ${text};`);
    return name;
  }
}

const components = (name: string) => COMPONENTS.map((c) => `${name}.${c}`) as unknown as Vec4;
const parenthesised = (text: string) => (text.includes(" ") ? `(${text})` : text);
const cast = ({ type }: Expression, word: string) => (type === "u32" ? word : `bitcast<${type}>(${word})`);
const castVec4 = ({ type }: Expression, word: string) => (type === "u32" ? word : `bitcast<vec4<${type}>>(${word})`);

/** The views that expressions read. */
export function viewsOf(roots: readonly Expression[]): Extract<Expression, { kind: "view" }>[] {
  const visited = new Set<Expression>();
  const visit = (expression: Expression) => {
    if (visited.has(expression)) return;
    visited.add(expression);
    if (expression.kind === "call") for (const input of expression.inputs) visit(input);
  };
  for (const expression of roots) visit(expression);
  return [...visited].flatMap((expression) => (expression.kind === "view" ? [expression] : []));
}

function layoutOf({ offset, dims, strides }: View): Layout | null {
  const merged = mergedDims(dims, strides);
  const last = merged.at(-1) ?? { dim: 4, stride: 0 };
  if (last.dim % 4 !== 0) return null;
  const outer = merged.slice(0, -1);
  const vec4View = (stride: number, by: number) => ({
    offset: offset / by,
    dims: [...outer.map(({ dim }) => dim), last.dim / 4],
    strides: [...outer.map((d) => d.stride / by), stride],
  });
  if (last.stride === 0) return { kind: "shared", index: vec4View(0, 1) };
  if (last.stride === 1 && [offset, ...outer.map(({ stride }) => stride)].every((n) => n % 4 === 0))
    return { kind: "together", index: vec4View(1, 4) };
  return { kind: "apart", index: vec4View(4 * last.stride, 1), step: last.stride };
}
