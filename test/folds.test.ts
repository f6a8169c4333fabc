import { afterAll, beforeAll, expect, it } from "vitest";
import { type Gpu, grad, LatentError, linalg, openGpu, type Tensor } from "../src/index.ts";

import * as ops from "../src/graph/ops/index.ts";
import { gram } from "../src/graph/ops/gram.ts";
import type { Kernel } from "../src/kernels/launch.ts";
import * as shaders from "../src/kernels/shaders.gen.ts";
import { clusterSums, distances } from "../src/linalg/clusters.ts";
import { semidefiniteRows } from "../src/linalg/semidefinite.ts";
import { openNodeGpu } from "../src/node.ts";
import { fold } from "../src/program/dispatch.ts";
import { ramp } from "./helpers.ts";

// Every kernel, its grid folded at 2 workgroups instead of 65 535, gives the bits of the grid that is not folded.

const kernels = Object.values(shaders as { readonly [family: string]: { readonly [entry: string]: Kernel } }).flatMap(
  (family) => Object.values(family),
);

/** What specialising a kernel leaves as it was: its functions and bindings. */
const print = (entry: string, code: string): string =>
  [entry, ...code.split("\n").filter((line) => /^(fn |@group.*storage|struct )/.test(line))].join("\n");
const names = new Map<string, string[]>();
for (const { name, entry, code } of kernels) {
  const key = print(entry, code);
  names.set(key, [...(names.get(key) ?? []), name]);
}

/** Kernels that ran in a folded grid. */
const folded = new Set<string>();
let host: Gpu;
/** As a software adapter, and as hardware; each not folded, and folded. */
const engines: [plain: Gpu, folded: Gpu][] = [];
beforeAll(async () => {
  host = await openNodeGpu();
  watch(host.device);
  for (const software of [true, false]) {
    const pair: Gpu[] = [];
    for (const maxGroups of [65_535, 2]) {
      const gpu = await openGpu({ device: host.device });
      Object.assign(gpu.traits, { software, maxGroups });
      pair.push(gpu);
    }
    engines.push(pair as [Gpu, Gpu]);
  }
});
afterAll(() => {
  for (const gpu of engines.flat()) gpu.dispose();
  host.dispose();
});

/** Notes which kernels the device runs in a grid of more than one line. */
function watch(device: GPUDevice): void {
  const codes = new Map<GPUShaderModule, string>();
  const ran = new Map<GPUComputePipeline, readonly string[]>();
  const shader = device.createShaderModule.bind(device);
  device.createShaderModule = (descriptor) => {
    const module = shader(descriptor);
    codes.set(module, descriptor.code);
    return module;
  };
  const compile = device.createComputePipelineAsync.bind(device);
  device.createComputePipelineAsync = async (descriptor) => {
    const pipeline = await compile(descriptor);
    const { module, entryPoint } = descriptor.compute;
    ran.set(pipeline, names.get(print(entryPoint!, codes.get(module)!)) ?? []);
    return pipeline;
  };
  const encoder = device.createCommandEncoder.bind(device);
  device.createCommandEncoder = () => {
    const commands = encoder();
    const begin = commands.beginComputePass.bind(commands);
    commands.beginComputePass = () => {
      const pass = begin();
      let current: readonly string[] = [];
      const [set, dispatch] = [pass.setPipeline.bind(pass), pass.dispatchWorkgroups.bind(pass)];
      pass.setPipeline = (pipeline) => {
        current = ran.get(pipeline)!;
        set(pipeline);
      };
      pass.dispatchWorkgroups = (x, y, z) => {
        if (y! > 1) for (const name of current) folded.add(name);
        dispatch(x, y, z);
      };
      return pass;
    };
    return commands;
  };
}

type Prefer = { readonly [kind: string]: string };
type Case = readonly [what: string, work: (gpu: Gpu) => readonly Tensor[], prefer?: Prefer];

const symmetric = (gpu: Gpu, stack: number, n: number): Tensor => {
  const x = ramp(gpu, stack, n, n);
  return ops.add(ops.matmul(x, ops.transpose(x, [0, 2, 1])), ops.mul(gpu.tensor(eye(n), [n, n]), n));
};
const eye = (n: number) => Float32Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0));

const products = ["plain", "direct", "quad", "quadSmall", "quadAny", "broadcast", "slim", "tiled", "tiledSmall", "split"];
const convolutions: Prefer[] = ["wide", "narrow", "quad", "direct", "spread"].map((name) => ({ "conv2d.": name }));
const weights: Prefer[] = ["plain", "quad", "direct"].map((name) => ({ "conv2d.weight": name }));

function convolve(gpu: Gpu, n: number): Tensor[] {
  const x = ramp(gpu, 3 + n, 4, 18, 18);
  const w = ramp(gpu, 6, 2, 3, 3);
  const y = ops.conv2d(x, w, { groups: 2, stride: 2, padding: 1, bias: ramp(gpu, 6) });
  return [y, ...(grad(ops.sum(ops.square(y)), [x, w]) as Tensor[])];
}

const CASES: readonly Case[] = [
  ["maps", (g) => [ops.add(ramp(g, 1283), 1), ops.add(ramp(g, 5120), 1), ops.concat([ramp(g, 5, 300), ramp(g, 5, 9)], 1)]],
  ["sums", (g) => [ops.sum(ramp(g, 5, 9001), 1), ops.sum(ramp(g, 323, 40), 1), ops.sum(ramp(g, 3001, 5), 0), ops.sum(ramp(g, 700, 300), 0)]],
  ["sums in fours", (g) => [ops.sum(ramp(g, 5, 9000), 1), ops.sum(ramp(g, 323, 48), 1), ops.sum(ramp(g, 3001, 520), 0), ops.sum(ramp(g, 5, 300), 1)]],
  ["argmax", (g) => [ops.argmax(ramp(g, 300, 7)), ops.argmax(ramp(g, 5, 700))]],
  ["cumsum", (g) => [ops.cumsum(ramp(g, 300, 7)), ops.cumsum(ramp(g, 5, 700))]],
  ["gather", (g) => {
    const x = ramp(g, 40, 30);
    const at = g.tensor(Uint32Array.from({ length: 50 }, (_, i) => (7 * i) % 40));
    const y = ops.gather(x, at);
    return [y, grad(ops.sum(ops.square(y)), [x])[0]!, ops.gather(g.tensor(Int32Array.from({ length: 1200 }, (_, i) => i), [40, 30]), at)];
  }],
  ["bytes", (g) => {
    const x = g.tensor(Uint8Array.from({ length: 1203 }, (_, i) => i), [3, 401], { dtype: "u8" });
    return [ops.bytes(x, { scale: 0.5 }), ops.gather(x, g.tensor(Uint32Array.of(2, 0, 1)))];
  }],
  ...["chunks", "tiles"].flatMap((name): Case[] => [[
    `sort in ${name}`,
    (g) => {
      const x = ramp(g, 5, 3000);
      const { values, indices } = ops.sort(x);
      const few = ops.sort(ramp(g, 700, 7));
      return [values, indices, few.values, ...(grad(ops.sum(ops.mul(ops.square(values), ramp(g, 5, 3000))), [x]) as Tensor[])];
    },
    { sort: name },
  ]]),
  ["pools", (g) => {
    const x = ramp(g, 3, 2, 24, 24);
    const largest = ops.maxPool2d(x, 2);
    const v = ramp(g, 3, 2, 24, 24);
    const [slope] = grad(ops.sum(ops.square(largest)), [x]) as [Tensor];
    const mean = ops.avgPool2d(x, 2);
    return [largest, slope, mean, ...(grad(ops.sum(ops.mul(slope, v)), [x]) as Tensor[]), ...(grad(ops.sum(ops.square(mean)), [x]) as Tensor[])];
  }],
  ...products.map((name, i): Case => [
    `products by ${name}`,
    (g) => {
      const thin = name === "slim";
      const deep = name === "split" ? 256 : 36;
      const [m, n] = thin ? [300 + 4 * i, 4] : [100 + 4 * i, 132];
      const x = ramp(g, 5, m, deep);
      const y = ramp(g, 5, deep, n);
      const w = ramp(g, n, deep);
      const rows = ramp(g, m, deep);
      const h = ops.linear(rows, w, ramp(g, n));
      return [ops.matmul(x, y), ...(thin || name === "broadcast" ? [] : [...(grad(ops.sum(ops.square(h)), [w]) as Tensor[]), gram(rows)])];
    },
    { matmul: name },
  ]),
  ...["tiled", "plain"].map((name): Case => [
    `odd products by ${name}`,
    (g) => {
      const [x, w] = [ramp(g, 67, 131), ramp(g, 129, 131)];
      const h = ops.linear(x, w, ramp(g, 129));
      return [h, ...(grad(ops.sum(ops.square(h)), [w]) as Tensor[])];
    },
    { matmul: name },
  ]),
  ...convolutions.map((prefer, i): Case => [`convolutions by ${JSON.stringify(prefer)}`, (g) => convolve(g, i), prefer]),
  ["depthwise", (g) => {
    const x = ramp(g, 3, 2, 18, 18);
    const y = ops.conv2d(x, ramp(g, 2, 1, 3, 3), { groups: 2, padding: 1 });
    return [y, ...(grad(ops.sum(ops.square(y)), [x]) as Tensor[])];
  }, { "conv2d.": "direct" }],
  ...weights.map((prefer, i): Case => [`weight gradients by ${JSON.stringify(prefer)}`, (g) => convolve(g, 5 + i), prefer]),
  ["factors", (g) => {
    const a = symmetric(g, 5, 70);
    const { factor } = linalg.cholesky(a);
    const b = ramp(g, 5, 70, 70);
    const { factor: rows, rank } = semidefiniteRows(a, g.tensor(new Float32Array(350), [5, 70]));
    return [factor, linalg.solveTriangular(factor, b), linalg.solveTriangular(factor, b, { transpose: true }), rows, rank];
  }],
  ["clusters", (g) => [3, 4].flatMap((d) => {
    const [x, mu] = [ramp(g, 700, d), ramp(g, 9, d)];
    const q = distances(x, mu, ops.add(mu, 1));
    return [q, clusterSums(x, mu, q)];
  })],
];

it("every kernel of every case gives the same bits in a folded grid", async () => {
  for (const [plain, twice] of engines)
    for (const [what, work, prefer = {}] of CASES) {
      const results: number[][][] = [];
      for (const gpu of [plain, twice]) {
        const choices = { get: (key: string) => Object.entries(prefer).find(([kind]) => key.startsWith(kind))?.[1] };
        Object.assign(gpu.traits, { choices });
        const tensors = work(gpu);
        await gpu.evaluate(tensors);
        results.push(await Promise.all(tensors.map(async (t) => [...(await t.read())] as number[])));
        for (const t of tensors) t.dispose();
      }
      for (const [k, values] of results[1]!.entries()) expect(values, `${what} ${k}`).toEqual(results[0]![k]);
    }
});

/** Kernels that are one workgroup always, or run in steps that other tests take. */
const ELSEWHERE: readonly string[] = [];

it("no kernel is left out", () => {
  const missing = kernels.filter(({ name, folds }) => folds && !folded.has(name)).map(({ name }) => name);
  expect(missing).toEqual(ELSEWHERE);
});

it("refuses a longer grid of a kernel that does not count by group_number", () => {
  const { maxGroups } = host.traits;
  const kernel = { ...shaders.map.elements, folds: undefined } as unknown as Kernel;
  const groups = [maxGroups + 1, 1, 1] as const;
  expect(fold({ kernel: shaders.map.elements, groups }, host.traits)).toEqual([32_768, 2, 1]);
  expect(() => fold({ kernel, groups }, host.traits)).toThrow(LatentError);
  expect(() => fold({ kernel, groups: [1, maxGroups + 1, 1] }, host.traits)).toThrow("at most 65535");
  expect(() => fold({ kernel: shaders.map.elements, groups: [1, 2, 1] }, host.traits)).toThrow("a line of workgroups");
  expect(() => fold({ kernel: shaders.advance.tick, groups: [2, 1, 1] }, host.traits)).toThrow("one workgroup");
});
