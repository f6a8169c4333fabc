import { check, show } from "../../device/errors.ts";
import { checkFloat, constant, recordMap } from "../record.ts";
import { Tensor } from "../tensor.ts";
import { equal, mul, where as choose } from "./arithmetic.ts";
import { matmul } from "./matmul.ts";
import { expand, reshape, transpose } from "./shape.ts";
import { sum } from "./sum.ts";

/** A tensor whose axes have names: letters, and "…k" for those that an ellipsis stands for, counted from the last. */
interface Named {
  readonly x: Tensor;
  readonly names: readonly string[];
}

/**
 * Sums of products by named axes, NumPy's and PyTorch's einsum.
 *
 *     einsum("ij,jk->ik", a, b)              // matmul
 *     einsum("bhqd,bhkd->bhqk", q, k)        // attention's scores
 *     einsum("...ij->...ji", x)              // transpose
 *     einsum("ii->", x)                      // trace
 *     einsum("i,j->ij", a, b)                // outer product
 *
 * An axis whose letter is not in the result is summed over; a letter twice in one operand takes the diagonal; "..." stands for any
 * axes, which broadcast. Without "->" the result has the letters that occur once, in alphabetical order. Operands are
 * multiplied from left to right, each pair as one (stacked) matmul. Throws LatentError("argument") or ("shape").
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor<"f32"> {
  const where = "einsum";
  check(
    typeof equation === "string",
    "argument",
    where,
    () => `expected an equation such as "ij,jk->ik" first; got ${typeof equation}.`,
  );
  const [left, right] = equation.replaceAll(" ", "").split("->") as [string, string?];
  const terms = left.split(",");
  check(
    terms.length === operands.length && operands.every((x) => x instanceof Tensor),
    "argument",
    where,
    () =>
      `expected ${terms.length} tensors for ${JSON.stringify(equation)}; got ${operands.length}. Use einsum(equation, a, b).`,
  );
  check(
    [...terms, right ?? ""].every((term) => /^[a-zA-Z]*(\.\.\.)?[a-zA-Z]*$/.test(term)),
    "argument",
    where,
    () => `expected letters, commas, "..." and "->"; got ${JSON.stringify(equation)}.`,
  );
  const parts = operands.map((x, k) => named(x, terms[k]!));
  const sizes = new Map<string, number>();
  for (const { x, names } of parts)
    for (const [d, name] of names.entries()) {
      const [size, other] = [x.shape[d]!, sizes.get(name) ?? 1];
      check(
        size === other || size === 1 || other === 1,
        "shape",
        where,
        () =>
          `axis ${name} has two sizes. Expected one; got ${other} and ${size} in ${operands.map((o) => show(o.shape)).join(" and ")}.`,
      );
      sizes.set(name, Math.max(size, other));
    }
  const result = output(equation, terms, right, [...sizes.keys()]);
  const [first, ...rest] = parts.map((part) => whole(part, sizes)) as [Named, ...Named[]];
  let all = first;
  while (rest.length) {
    const next = rest.shift()!;
    const later = new Set([...result, ...rest.flatMap(({ names }) => names)]);
    all = product(all, next, later);
  }
  all = withAxes(all, new Set(result));
  return transpose(
    all.x,
    result.map((name) => all.names.indexOf(name)),
  ) as Tensor<"f32">;
}

function named(x: Tensor, term: string): Named {
  checkFloat("einsum", x);
  const [before, after] = term.split("...") as [string, string?];
  const covered = x.rank - before.length - (after?.length ?? 0);
  check(
    after === undefined ? covered === 0 : covered >= 0,
    "shape",
    "einsum",
    () => `expected as many axes as in ${JSON.stringify(term)}; got ${show(x.shape)}.`,
  );
  const dots = after === undefined ? [] : Array.from({ length: covered }, (_, k) => `…${covered - k}`);
  return { x, names: [...before.split(""), ...dots, ...(after ?? "").split("")] };
}

function output(
  equation: string,
  terms: readonly string[],
  right: string | undefined,
  names: readonly string[],
): string[] {
  const dots = names.filter((name) => name.startsWith("…")).sort((a, b) => Number(b.slice(1)) - Number(a.slice(1)));
  const letters = terms.join("").replaceAll(".", "");
  if (right === undefined)
    return [...dots, ...[...new Set(letters)].filter((l) => letters.split(l).length === 2).sort()];
  const list = right.split("...").flatMap((part, k) => [...(k ? dots : []), ...part.split("")]);
  check(
    new Set(list).size === list.length && list.every((name) => names.includes(name)),
    "argument",
    "einsum",
    () => `expected letters of the operands, each once, after "->"; got ${JSON.stringify(equation)}.`,
  );
  return list;
}

/** The part with sizes of 1 repeated, and the diagonal where a letter comes twice. */
function whole({ x, names }: Named, sizes: ReadonlyMap<string, number>): Named {
  const twice = names.findIndex((name, d) => names.indexOf(name) !== d);
  if (twice < 0)
    return {
      x: expand(
        x,
        names.map((name) => sizes.get(name)!),
      ),
      names,
    };
  const first = names.indexOf(names[twice]!);
  const extent = sizes.get(names[twice]!)!;
  const square = expand(x, x.shape.with(first, extent).with(twice, extent));
  const position = (d: number) => {
    const word = (value: number) => constant(x.gpu, value, "u32");
    const stride = square.shape.slice(d + 1).reduce((a, b) => a * b, 1);
    return recordMap("einsum", "position", [word(stride), word(extent)], null, square.shape);
  };
  const diagonal = sum(choose(equal(position(first), position(twice)), square, 0), twice);
  return whole({ x: diagonal, names: names.toSpliced(twice, 1) }, sizes);
}

/** Sums over the axes that nobody needs. */
function withAxes({ x, names }: Named, needed: ReadonlySet<string>): Named {
  const over = [...names.keys()].filter((d) => !needed.has(names[d]!));
  return over.length ? { x: sum(x, over), names: names.filter((name) => needed.has(name)) } : { x, names };
}

/** The product of both, summed over the axes that are not needed later. */
function product(a: Named, b: Named, later: ReadonlySet<string>): Named {
  const left = withAxes(a, new Set([...later, ...b.names]));
  const right = withAxes(b, new Set([...later, ...a.names]));
  const both = left.names.filter((name) => right.names.includes(name));
  const [stack, inner] = [both.filter((n) => later.has(n)), both.filter((n) => !later.has(n))];
  const rows = left.names.filter((name) => !both.includes(name));
  const columns = right.names.filter((name) => !both.includes(name));
  const names = [...stack, ...rows, ...columns];
  const sizeOf = (name: string) => {
    const d = left.names.indexOf(name);
    return d >= 0 ? left.x.shape[d]! : right.x.shape[right.names.indexOf(name)]!;
  };
  const count = (list: readonly string[]) => list.reduce((size, name) => size * sizeOf(name), 1);
  const ordered = (part: Named, list: readonly string[]) =>
    transpose(
      part.x,
      list.map((name) => part.names.indexOf(name)),
    );
  if (inner.length === 0) {
    const [p, q] = [ordered(left, [...stack, ...rows]), ordered(right, [...stack, ...columns])];
    const apart = reshape(p, [...p.shape, ...columns.map(() => 1)]);
    const columnFactor = reshape(q, [...stack.map(sizeOf), ...rows.map(() => 1), ...columns.map(sizeOf)]);
    return { x: mul(apart, columnFactor), names };
  }
  const [s, m, k, n] = [count(stack), count(rows), count(inner), count(columns)];
  const p = reshape(ordered(left, [...stack, ...rows, ...inner]), s === 1 ? [m, k] : [s, m, k]);
  const q = reshape(ordered(right, [...stack, ...inner, ...columns]), s === 1 ? [k, n] : [s, k, n]);
  return { x: reshape(matmul(p, q), names.map(sizeOf)), names };
}
