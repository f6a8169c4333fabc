import { describe, expect, it } from "vitest";
import {
  add,
  grad,
  groupNorm,
  instanceNorm,
  layerNorm,
  mul,
  normalise,
  relu,
  reshape,
  rmsNorm,
  sub,
  sum,
  type Tensor,
  transpose,
} from "../src/index.ts";
import { opener, openShared, ramp } from "./helpers.ts";
import { dispatchesOf, expectRows, families, ofColumns, type OfAxis, type Reference, wave } from "./rows.ts";

const open = opener(openShared);

/** Root mean squares along the first axis, by maps and a reduction. */
const rms: OfAxis = (x, axis) =>
  axis === 1 ? rmsNorm(x, { eps: 1e-3 }) : x.div(mul(x, x).mean(0, { keepDims: true }).add(1e-3).sqrt());
const ops: { readonly [name: string]: OfAxis } = {
  normalise: (x, axis) => normalise(x, axis, { eps: 1e-3 }),
  rmsNorm: rms,
};

const average = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** What remains of values without their mean, where that is taken away. */
const centred = (isCentred: boolean, values: readonly number[]) => {
  const mean = isCentred ? average(values) : 0;
  return values.map((v) => v - mean);
};

const referenceOf =
  (name: string): Reference =>
  (row) => {
    const rest = centred(name === "normalise", row);
    const deviation = Math.sqrt(average(rest.map((v) => v * v)) + 1e-3);
    const y = rest.map((v) => v / deviation);
    return {
      y,
      vjp(g) {
        const share = average(y.map((v, i) => v * g[i]!));
        return centred(name === "normalise", g).map((v, i) => (v - y[i]! * share) / deviation);
      },
    };
  };

describe.each(Object.entries(ops))("%s of rows", (name, op) => {
  it("is right for rows of any length, as are its gradient and the gradient of that", async () => {
    for (const [, gpu] of await families(open))
      await expectRows(gpu, op, referenceOf(name), (v) => 2e-6 * (1 + Math.abs(v)));
  });

  it("gives NaN where a row has an infinity or NaN, and other rows what they are", async () => {
    const rows = [
      [1, 2, 3],
      [Number.NaN, 1, 2],
      [3, 2, 1],
    ];
    for (const [family, gpu] of await families(open)) {
      const x = gpu.tensor(rows.flat(), [3, 3]);
      const [a, b] = [await op(x, 1).read(), await ofColumns(op)(x, 1).read()];
      expect(
        [...a].map((v) => v.toFixed(5)),
        family,
      ).toEqual([...b].map((v) => v.toFixed(5)));
    }
  });
});

describe("normalisation in a graph", () => {
  it("takes one launch with what makes its rows and what becomes of them, and one for the gradient", async () => {
    for (const [family, gpu] of await families(open)) {
      const x = ramp(gpu, 30, 16, 4, 4);
      const [weight, bias] = [ramp(gpu, 16), ramp(gpu, 16)];
      const last = { weight: ramp(gpu, 4), bias: ramp(gpu, 4) };
      const cases: { readonly [name: string]: (x: Tensor) => Tensor } = {
        layerNorm: (t) => layerNorm(t, last),
        "layerNorm of three axes": (t) => layerNorm(t, { shape: [16, 4, 4] }),
        groupNorm: (t) => groupNorm(t, { groups: 4, weight, bias }),
        instanceNorm: (t) => instanceNorm(t, { weight, bias }),
        rmsNorm: (t) => rmsNorm(t, { weight: last.weight }),
      };
      for (const [name, op] of Object.entries(cases)) {
        expect(await dispatchesOf(gpu, () => [relu(op(x))]), `${family}: ${name}`).toBe(1);
        expect(await dispatchesOf(gpu, () => [add(op(sub(mul(x, 3), 1)), 1)]), `${family}: ${name}`).toBe(1);
        expect(
          await dispatchesOf(gpu, () => grad(sum(op(x).mul(x)), [x])),
          `${family}: gradient of ${name}`,
        ).toBeLessThanOrEqual(2);
      }
    }
  });

  it("keeps the digits of rows far from 0", async () => {
    for (const [, gpu] of await families(open)) {
      const small = Float32Array.from({ length: 600 }, (_, i) => (i * 37) % 23);
      const far = gpu.tensor(
        small.map((v) => v + 1e6),
        [2, 300],
      );
      const [a, b] = [await normalise(far, 1).read(), await normalise(gpu.tensor(small, [2, 300]), 1).read()];
      for (const [i, v] of b.entries()) expect(Math.abs(a[i]! - v)).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(v)));
    }
  });

  it("of several axes in the middle is what it is of rows", async () => {
    for (const [, gpu] of await families(open)) {
      const x = gpu.tensor(wave(120), [2, 3, 4, 5]);
      const y = await normalise(x, [1, 2]).read();
      const z = await transpose(
        reshape(normalise(reshape(transpose(x, [0, 3, 1, 2]), [10, 12]), 1), [2, 5, 3, 4]),
        [0, 2, 3, 1],
      ).read();
      for (const [i, v] of z.entries()) expect(y[i]).toBeCloseTo(v, 5);
    }
  });
});
