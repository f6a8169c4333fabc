import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gpu, grad, type Tensor } from "../src/index.ts";
import * as family from "../src/models/family/index.ts";
import type { LatentModel } from "../src/models/latent/model.ts";
import { cases, type FamilyCase, projection, tensorOf, valuesOf } from "./oracles/family.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

type AnyModel = new (gpu: Gpu, options: object) => LatentModel;
const models = family as unknown as { readonly [name: string]: AnyModel };

/** The network of a case, with its numbers in its states. */
function networkOf({ model, image, hidden, latent, options, parameters, buffers = {} }: FamilyCase): LatentModel {
  const made = new models[model]!(gpu, { image, hidden, latent, ...options });
  for (const [name, values] of Object.entries(parameters)) made.parameters[name]!.write(valuesOf(values));
  for (const [name, values] of Object.entries(buffers)) made.buffers[name]!.write(valuesOf(values));
  return made;
}

function inputOf({ input: { x, noise = {}, labels, step }, count }: FamilyCase) {
  const given = Object.fromEntries(Object.entries(noise).map(([name, values]) => [name, tensorOf(gpu, values)]));
  return {
    x: tensorOf(gpu, x),
    options: {
      ...(Object.keys(given).length ? { noise: given } : {}),
      ...(labels ? { labels } : {}),
      ...(step === undefined ? {} : { step }),
      ...(count === undefined ? {} : { count }),
    },
  };
}

const slack: { readonly [id: string]: number } = { "ms-ssim": 5e-4, "rae-spectral": 5e-4, "gamma-implicit": 1e-3 };
const known = cases.filter((c) => c.model in models);

describe("terms and gradients of the family equal float64", () => {
  it.each(known.filter((c) => c.gradients).map((c) => [c.id, c] as const))("%s", async (id, found) => {
    using model = networkOf(found);
    expect(Object.keys(model.parameters).sort()).toEqual(Object.keys(found.parameters).sort());
    const { x, options } = inputOf(found);
    const terms = model.terms(x, options);
    const gradients = Object.entries(found.gradients!).flatMap(([loss, expected]) => {
      const names = Object.keys(expected);
      const targets = names.map((name) => model.parameters[name]!);
      return grad(terms[loss]!, targets).map((tensor, i) => ({ name: names[i]!, loss, tensor: tensor as Tensor }));
    });
    await gpu.evaluate([...Object.values(terms), ...gradients.map((g) => g.tensor)]);
    for (const [name, value] of Object.entries(found.terms)) {
      expect(terms[name], name).toBeDefined();
      const error = Math.abs((await terms[name]!.item()) - value);
      expect(error <= 1e-5 * Math.max(1, Math.abs(value)), `${name} is off by ${error} of ${value}`).toBe(true);
    }
    for (const { name, loss, tensor } of gradients) {
      const { norm, dot } = found.gradients![loss]![name]!;
      const got = projection((await tensor.read()) as Float32Array);
      const limit = (slack[id] ?? 1e-4) * norm + 1e-5;
      const error = Math.max(Math.abs(got.norm - norm), Math.abs(got.dot - dot));
      expect(error <= limit, `∂${loss}/∂${name}: norm ${got.norm} of ${norm}, dot ${got.dot} of ${dot}`).toBe(true);
    }
  });
});
