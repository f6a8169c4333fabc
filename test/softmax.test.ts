import { describe, expect, it } from "vitest";
import {
  add,
  crossEntropy,
  grad,
  linear,
  logSoftmax,
  logsumexp,
  matmul,
  mul,
  softmax,
  sub,
  sum,
  type Tensor,
  transpose,
} from "../src/index.ts";
import { opener, openShared, ramp } from "./helpers.ts";
import { dispatchesOf, expectRows, families, ofColumns, type OfAxis, type Reference, wave } from "./rows.ts";

const open = opener(openShared);

const ops: { readonly [name: string]: OfAxis } = { softmax, logSoftmax, logsumexp };

const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

const references: { readonly [name: string]: Reference } = {
  softmax(row) {
    const top = Math.max(...row);
    const powers = row.map((v) => Math.exp(v - top));
    const y = powers.map((v) => v / total(powers));
    return {
      y,
      vjp(g) {
        const mean = total(y.map((v, i) => v * g[i]!));
        return y.map((v, i) => v * (g[i]! - mean));
      },
    };
  },
  logSoftmax(row) {
    const [z] = references.logsumexp!(row).y;
    const y = row.map((v) => v - z!);
    return { y, vjp: (g) => y.map((v, i) => g[i]! - Math.exp(v) * total(g)) };
  },
  logsumexp(row) {
    const top = Math.max(...row);
    const y = top + Math.log(total(row.map((v) => Math.exp(v - top))));
    return { y: [y], vjp: ([g]) => row.map((v) => g! * Math.exp(v - y)) };
  },
};

describe.each(Object.entries(ops))("%s of rows", (name, op) => {
  it("is right for rows of any length, as are its gradient and the gradient of that", async () => {
    for (const [, gpu] of await families(open))
      // exp 4 ulps, a sum, a quotient; of a logarithm absolutely
      await expectRows(
        gpu,
        op,
        references[name]!,
        (v, extent) => 2 ** -24 * (16 + extent / 16) * (name === "softmax" ? v : 1 + Math.abs(v)),
      );
  });

  it("treats infinities and NaN as columns do, values and gradients", async () => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
    const rows = [
      [-inf, -inf, -inf],
      [inf, 1, 2],
      [inf, inf, 0],
      [-inf, 1, 2],
      [nan, 1, 2],
      [nan, inf, -inf],
      [inf, -inf, 0],
      [1e38, -1e38, 0],
      [1e30, 1e30, 1e30],
    ];
    for (const [family, gpu] of await families(open)) {
      const x = gpu.tensor(rows.flat(), [rows.length, 3]);
      const all = [op, ofColumns(op)].flatMap((f) => {
        const y = f(x, 1);
        return [y, grad(sum(y), [x])[0]];
      });
      await gpu.evaluate(all);
      const [y, dy, z, dz] = await Promise.all(all.map((t) => t.read()));
      expect([...y!], family).toEqual([...z!]);
      expect(
        [...dy!].map((v) => Math.round(v * 1e6) / 1e6 + 0),
        family,
      ).toEqual([...dz!].map((v) => Math.round(v * 1e6) / 1e6 + 0));
    }
  });

  it("takes one launch, with the map that makes its rows and the map of its results", async () => {
    for (const [family, gpu] of await families(open)) {
      const x = ramp(gpu, 300, 30);
      const bias = ramp(gpu, 30);
      const step = (source: Tensor) => [mul(add(op(source, 1), 1), 2)];
      expect(await dispatchesOf(gpu, () => step(x)), family).toBe(1);
      expect(await dispatchesOf(gpu, () => step(mul(sub(x, bias), 3))), family).toBe(1);
      expect(await dispatchesOf(gpu, () => step(transpose(ramp(gpu, 30, 300)))), family).toBe(1);
      // value, then gradient
      expect(await dispatchesOf(gpu, () => grad(sum(mul(op(x, 1), 2)), [x])), family).toBeLessThanOrEqual(2);
    }
  });
});

describe("softmax in a graph", () => {
  it("computes sources and results in place that read many tensors", async () => {
    for (const [, gpu] of await families(open)) {
      const parts = Array.from({ length: 12 }, (_, k) =>
        gpu.tensor(
          wave(40).map((v) => v / (k + 1)),
          [4, 10],
        ),
      );
      const all = () => parts.reduce((a, b) => add(a, b));
      const y = await add(softmax(all(), 1), all()).read();
      const x = await all().read();
      for (let r = 0; r < 4; r++)
        for (const [k, v] of references.softmax!([...x.subarray(10 * r, 10 * r + 10)]).y.entries())
          expect(y[10 * r + k]).toBeCloseTo(v + x[10 * r + k]!, 5);
    }
  });

  it("a step of cross-entropy goes through its rows in one launch, and through their gradient in one", async () => {
    for (const [family, gpu] of await families(open)) {
      const [x, w, b] = [ramp(gpu, 64, 20), ramp(gpu, 10, 20), ramp(gpu, 10)];
      const labels = gpu.tensor(Int32Array.from({ length: 64 }, (_, i) => i % 10));
      const logits = linear(x, w, b);
      const loss = crossEntropy(logits, labels);
      const found = await dispatchesOf(gpu, () => {
        const given = linear(x, w, b);
        const value = crossEntropy(given, labels);
        return [value, grad(value, [given])[0]!];
      });
      expect(found, family).toBeLessThanOrEqual(8);
      const [d] = grad(loss, [logits]);
      const [p, values] = await Promise.all([softmax(matmul(x, transpose(w)).add(b), 1).read(), d.read()]);
      for (const [i, v] of values.entries())
        expect(v).toBeCloseTo((p[i]! - Number(i % 10 === Math.floor(i / 10) % 10)) / 64, 6);
    }
  });
});
