import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import * as L from "../../src/index.ts";
import { close, deviations, type Outcome } from "./deviations.ts";
import { openShared } from "../helpers.ts";

// Every function and reduction at the ends of the floats, value and gradient, against PyTorch (test/oracles/special.py).

/** In float64, rounded; and in float32 where that differs. */
type Want = readonly [wide: string, narrow?: string];
interface Oracle {
  readonly one: string;
  readonly two: string;
  readonly rows: readonly string[];
  /** Per op: values, then the gradient by each input where there is one. */
  readonly unary: { readonly [op: string]: readonly Want[] };
  readonly binary: { readonly [op: string]: readonly Want[] };
  readonly reductions: { readonly [op: string]: readonly Want[] };
}
const oracle = JSON.parse(readFileSync(new URL("../oracles/special.json", import.meta.url), "utf8")) as Oracle;
const numbers = (text: string): Float32Array<ArrayBuffer> =>
  Float32Array.from(text.split(" "), (word) => Number(word.replace("inf", "Infinity")));

let gpu: L.Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

type Op = (...x: L.Tensor[]) => L.Tensor;
const named = (op: string): Op => (L as unknown as { readonly [name: string]: Op })[op]!;
const special: { readonly [op: string]: Op } = {
  leakyRelu: (x) => L.leakyRelu(x!, 0.125),
  elu: (x) => L.elu(x!, 0.5),
  clamp: (x) => L.clamp(x!, -1, 2),
  "clamp open": (x) => L.clamp(x!, 0, Infinity),
  "gelu tanh": (x) => L.gelu(x!, { approximate: "tanh" }),
  where: (a, b) => L.where(a!, a!, b!),
  crossEntropy: (x) => L.crossEntropy(x!, gpu.tensor(new Int32Array(x!.shape[0]!).fill(1)), { reduction: "none" }),
  maxPool2d: (x) => L.reshape(L.maxPool2d(L.reshape(x!, [-1, 1, 1, 3]), [1, 3]), [-1]),
};
const opOf = (name: string): Op =>
  special[name] ?? (name.startsWith("pow ") ? (x) => L.pow(x!, Number(name.slice(4))) : named(name));
const reductionOf = (name: string): Op =>
  special[name] ?? ((x) => (named(name) as unknown as (x: L.Tensor, axis: number) => L.Tensor)(x!, 1));

/** Of powers, whose gradients take b − 1, and of long chains; the rest keeps to a few ulps. */
const RELATIVE = 2e-6;
/** What a gradient may be off that is a difference of probabilities: their last bit, times a weight of 3. */
const ABSOLUTE = 3 * 2 ** -23;
const SHARES: ReadonlySet<string> = new Set(["softmax", "logSoftmax", "crossEntropy"]);
const isSubnormal = (x: number) => x !== 0 && Math.abs(x) < 2 ** -126;

/** What `op` gives, and the gradient of Σ weights · y by each input. */
async function run(op: Op, inputs: readonly L.Tensor[], slopes: boolean): Promise<ArrayLike<number>[]> {
  const y = op(...inputs);
  const weights = y.rank === 2 ? gpu.tensor([1, 2, 3]) : 1;
  const back = slopes ? L.grad(L.sum(L.mul(y, weights)), inputs) : [];
  await gpu.evaluate([y, ...back]);
  return Promise.all([y, ...back].map((t) => t.read()));
}

/** What is neither PyTorch's nor in the list of deviations. `inputsOf` gives the inputs of result i, `twin` the place with subnormal inputs as 0. */
function faults(
  op: string,
  got: readonly ArrayLike<number>[],
  want: readonly Want[],
  inputsOf: (i: number) => readonly number[],
  twin: (i: number) => number,
  used: Set<string>,
  ofParts: readonly Outcome["part"][] = ["value", "gradient", "gradient"],
): string[] {
  return want.flatMap((texts, k) => {
    const wants = texts.map((t) => numbers(t!));
    const part = ofParts[k]!;
    return Array.from(wants[0]!, (_, i) => i).flatMap((i) => {
      const value = got[k]![i]!;
      const inputs = inputsOf(i);
      if (
        wants.some(
          (w) =>
            close(value, w[i]!, RELATIVE) ||
            (SHARES.has(op) && part === "gradient" && Math.abs(value - w[i]!) <= ABSOLUTE),
        )
      )
        return [];
      for (const w of wants) {
        const outcome: Outcome = { op, inputs, got: value, want: w[i]!, flushed: w[twin(i)]!, part };
        const allowed = deviations.find((d) => d.allows(outcome));
        if (allowed) {
          used.add(allowed.what);
          return [];
        }
      }
      const name = (x: number) => (Object.is(x, -0) ? "-0" : String(x));
      return [
        `${part}${k > 1 ? ` ${k}` : ""} of ${op}(${inputs.map(name).join(", ")}) = ${name(value)}, PyTorch ${wants.map((w) => name(w[i]!)).join(" | ")}`,
      ];
    });
  });
}

const used = new Set<string>();

it("every function of one number is PyTorch's at the ends, and so is its gradient", async () => {
  const x = numbers(oracle.one);
  const zero = (v: number) => x.findIndex((w) => Object.is(w, v < 0 ? -0 : 0));
  const twin = (i: number) => (isSubnormal(x[i]!) ? zero(x[i]!) : i);
  const found: string[] = [];
  for (const [op, want] of Object.entries(oracle.unary)) {
    const got = await gpu.scope(() => run(opOf(op), [gpu.tensor(x)], want.length > 1));
    found.push(...faults(op, got, want, (i) => [x[i]!], twin, used));
  }
  expect(found).toEqual([]);
});

it("every function of two numbers is PyTorch's at all pairs of ends, and so are its gradients", async () => {
  const list = numbers(oracle.two);
  const n = list.length;
  const pairs = Array.from({ length: n * n }, (_, i) => [list[Math.floor(i / n)]!, list[i % n]!] as const);
  const zero = (k: number) => (isSubnormal(list[k]!) ? list.findIndex((w) => Object.is(w, list[k]! < 0 ? -0 : 0)) : k);
  const twin = (i: number) => zero(Math.floor(i / n)) * n + zero(i % n);
  const found: string[] = [];
  for (const [op, want] of Object.entries(oracle.binary)) {
    const inputs = [0, 1].map((k) => gpu.tensor(Float32Array.from(pairs, (pair) => pair[k]!)));
    const got = await gpu.scope(() => run(opOf(op), inputs, want.length > 1));
    found.push(...faults(op, got, want, (i) => pairs[i]!, twin, used));
  }
  expect(found).toEqual([]);
});

it("every reduction, pool and probability is PyTorch's in rows of ends, and so is its gradient", async () => {
  const rows = oracle.rows.map((row) => [...numbers(row)]);
  const found: string[] = [];
  for (const [op, want] of Object.entries(oracle.reductions)) {
    const got = await gpu.scope(() => run(reductionOf(op), [gpu.tensor(rows)], want.length > 1));
    const width = (k: number) => numbers(want[k]![0]).length / rows.length;
    for (const k of want.keys()) {
      const inputsOf = (i: number) => rows[Math.floor(i / width(k))]!;
      found.push(...faults(op, [got[k]!], [want[k]!], inputsOf, (i) => i, used, [k === 0 ? "value" : "gradient"]));
    }
  }
  expect(found).toEqual([]);
});

it("the deviations are the README's, and each one is met", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const cells = (line: string) =>
    line
      .split("|")
      .map((cell) => cell.trim())
      .join("|");
  const lines = new Set(readme.split("\n").map(cells));
  const missing = deviations
    .map(({ what, instead, reason }) => cells(`| ${what} | ${instead} | ${reason} |`))
    .filter((row) => !lines.has(row));
  expect(missing).toEqual([]);
  // a device that flushes nothing needs fewer of them
  if (gpu.info.software) expect([...used].sort()).toEqual(deviations.map(({ what }) => what).sort());
});
