import { afterAll, beforeAll, expect, it } from "vitest";
import { type Gpu, grad, LatentError, linalg, openGpu, type Tensor } from "../src/index.ts";
import * as ops from "../src/graph/ops/index.ts";
import { ofShortSums } from "../src/kernels/hook.ts";
import type { Kernel } from "../src/kernels/launch.ts";
import * as shaders from "../src/kernels/shaders.gen.ts";
import { clusterSums, distances } from "../src/linalg/clusters.ts";
import { pairDistances } from "../src/linalg/pairDistances.ts";
import { semidefiniteRows } from "../src/linalg/semidefinite.ts";
import { svdvalsOnGpu } from "../src/linalg/spectrumGpu.ts";
import { openNodeGpu } from "../src/node.ts";
import { fold } from "../src/kernels/arguments.ts";
import { ramp } from "./helpers.ts";
import { rowsInRegisters } from "./rows.ts";

// Every kernel, its grid folded at 2 workgroups instead of 65 535, gives the bits of the grid that is not folded.

const kernels = Object.values(shaders as { readonly [family: string]: { readonly [entry: string]: Kernel } }).flatMap(
  (family) => Object.values(family),
);

/** The text of an entry point. Kernels that share it count their workgroups alike, and one of them stands for all. */
function textOf(entry: string, code: string): string {
  const [text] = new RegExp(`\\bfn ${entry}\\([^]*?^\\}`, "m").exec(ofShortSums(code)) ?? [];
  if (text === undefined) throw new Error(`no entry point ${entry}`);
  return text;
}

/** Texts of entry points that ran in a folded grid. */
const folded = new Set<string>();
let host: Gpu;
/** As a software adapter, and as hardware; each not folded, and folded. */
const engines: [plain: Gpu, folded: Gpu][] = [];
beforeAll(async () => {
  host = await openNodeGpu();
  watch(host.device);
  for (const family of ["software", "unknown"]) {
    const pair: Gpu[] = [];
    for (const maxGroups of [65_535, 2]) {
      const gpu = await openGpu({ device: host.device });
      Object.assign(gpu.traits, { family, maxGroups });
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
  const texts = new Map<GPUComputePipeline, string>();
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
    texts.set(pipeline, textOf(entryPoint!, codes.get(module)!));
    return pipeline;
  };
  const encoder = device.createCommandEncoder.bind(device);
  device.createCommandEncoder = () => {
    const commands = encoder();
    const begin = commands.beginComputePass.bind(commands);
    commands.beginComputePass = () => {
      const pass = begin();
      let current = "";
      const [set, dispatch] = [pass.setPipeline.bind(pass), pass.dispatchWorkgroups.bind(pass)];
      pass.setPipeline = (pipeline) => {
        current = texts.get(pipeline)!;
        set(pipeline);
      };
      pass.dispatchWorkgroups = (x, y, z) => {
        if (y! > 1) folded.add(current);
        dispatch(x, y, z);
      };
      return pass;
    };
    return commands;
  };
}

type Prefer = { readonly [kind: string]: string };
/** Cases for which software adapters and hardware have kernels of their own; for others one engine does it. */
const BOTH: ReadonlySet<string> = new Set(["sums", "sums in vec4", "rows in registers", "factors", "clusters"]);
type Case = readonly [
  what: string,
  work: (gpu: Gpu) => readonly Tensor[] | Promise<readonly Tensor[]>,
  prefer?: Prefer,
];

const symmetric = (gpu: Gpu, stack: number, n: number): Tensor => {
  const x = ramp(gpu, stack, n, n);
  return ops.add(ops.matmul(x, ops.transpose(x, [0, 2, 1])), ops.mul(gpu.tensor(eye(n), [n, n]), n));
};
const eye = (n: number) => Float32Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0));
const products = (name: string, m: number, n: number, inner: number): Case => [
  `products by ${name}`,
  (g) => [ops.matmul(ramp(g, 5, m, inner), ramp(g, 5, inner, n))],
  { matmul: name },
];
const withSums = (name: string): Case => [`products with sums by ${name}`, slopes, { matmul: name }];
const slopes = (g: Gpu): Tensor[] => {
  const [x, w, b] = [ramp(g, 28, 72), ramp(g, 132, 72), ramp(g, 132)];
  return grad(ops.sum(ops.square(ops.linear(x, w, b))), [w, b]) as Tensor[];
};
const convolutions = (name: string, n: number): Case => [
  `convolutions by ${name}`,
  (g) => {
    const x = ramp(g, 3 + n, 4, 36, 36);
    const w = ramp(g, 12, 2, 3, 3);
    const bias = ramp(g, 12);
    const y = ops.conv2d(x, w, { groups: 2, stride: 2, padding: 1, bias });
    return [y, ...(grad(ops.sum(ops.square(y)), [x, w, bias]) as Tensor[])];
  },
  { "conv2d.forward": name, "conv2d.by_input": name, "conv2d.weight": name === "tiled32x32" ? "tiled" : "direct" },
];

const CASES: readonly Case[] = [
  [
    "maps",
    (g) => [ops.add(ramp(g, 1283), 1), ops.add(ramp(g, 5120), 1), ops.concat([ramp(g, 5, 300), ramp(g, 5, 9)], 1)],
  ],
  [
    "sums",
    (g) => [
      ops.sum(ramp(g, 5, 9001), 1),
      ops.sum(ramp(g, 5, 301), 1),
      ops.sum(ramp(g, 323, 41), 1),
      ops.sum(ramp(g, 3001, 5), 0),
      ops.sum(ramp(g, 700, 300), 0),
    ],
  ],
  [
    "sums in vec4",
    (g) => [
      ops.sum(ramp(g, 5, 9000), 1),
      ops.sum(ramp(g, 323, 48), 1),
      ops.sum(ramp(g, 3001, 520), 0),
      ops.sum(ramp(g, 5, 300), 1),
    ],
  ],
  ["rows in registers", rowsInRegisters],
  ["argmax", (g) => [ops.argmax(ramp(g, 300, 7)), ops.argmax(ramp(g, 5, 700))]],
  ["cumsum", (g) => [ops.cumsum(ramp(g, 300, 7)), ops.cumsum(ramp(g, 5, 700))]],
  [
    "gather",
    (g) => {
      const x = ramp(g, 40, 30);
      const at = g.tensor(Uint32Array.from({ length: 50 }, (_, i) => (7 * i) % 40));
      const y = ops.gather(x, at);
      return [
        y,
        grad(ops.sum(ops.square(y)), [x])[0]!,
        ops.gather(
          g.tensor(
            Int32Array.from({ length: 1200 }, (_, i) => i),
            [40, 30],
          ),
          at,
        ),
      ];
    },
  ],
  [
    "bytes",
    (g) => {
      const x = g.tensor(
        Uint8Array.from({ length: 1203 }, (_, i) => i),
        [3, 401],
        { dtype: "u8" },
      );
      return [ops.bytes(x, { scale: 0.5 }), ops.slice(x, 1, 1, 400), ops.gather(x, g.tensor(Uint32Array.of(2, 0, 1)))];
    },
  ],
  ...["chunks", "tiles"].flatMap((name): Case[] => [
    [
      `sort in ${name}`,
      (g) => {
        const x = ramp(g, 5, 3000);
        const { values, indices } = ops.sort(x);
        const few = ops.sort(ramp(g, 700, 7));
        const weight = ramp(g, 5, 3000);
        const [slope] = grad(ops.sum(ops.mul(values, weight)), [x]) as [Tensor];
        return [values, indices, few.values, slope, ...(grad(ops.sum(ops.square(slope)), [weight]) as Tensor[])];
      },
      { sort: name },
    ],
  ]),
  [
    "pools",
    (g) => {
      const x = ramp(g, 3, 2, 24, 24);
      const largest = ops.maxPool2d(x, 2);
      const v = ramp(g, 3, 2, 24, 24);
      const [slope] = grad(ops.sum(ops.square(largest)), [x]) as [Tensor];
      const mean = ops.avgPool2d(x, 2);
      return [
        largest,
        slope,
        mean,
        ...(grad(ops.sum(ops.mul(slope, v)), [x]) as Tensor[]),
        ...(grad(ops.sum(ops.square(mean)), [x]) as Tensor[]),
      ];
    },
  ],
  products("naive", 20, 12, 8),
  products("registerTiled", 100, 132, 8),
  products("quadSwapSmall", 36, 36, 8),
  products("broadcast", 300, 132, 8),
  products("tallSkinny", 300, 4, 8),
  products("splitK32x32", 67, 35, 259),
  withSums("naive"),
  ...["tiled32x32", "tile4x8", "direct", "inputStride2"].map(convolutions),
  [
    "depthwise",
    (g) => {
      const x = ramp(g, 3, 2, 18, 18);
      const y = ops.conv2d(x, ramp(g, 2, 1, 3, 3), { groups: 2, padding: 1 });
      return [y, ...(grad(ops.sum(ops.square(y)), [x]) as Tensor[])];
    },
    { "conv2d.": "direct" },
  ],
  [
    "factors",
    (g) => {
      const a = symmetric(g, 5, 40);
      const { factor } = linalg.cholesky(a);
      const b = ramp(g, 5, 40, 40);
      const { factor: rows, rank } = semidefiniteRows(a, g.tensor(new Float32Array(200), [5, 40]));
      return [
        linalg.cholesky(symmetric(g, 300, 3)).factor,
        factor,
        linalg.solveTriangular(factor, b),
        linalg.solveTriangular(factor, b, { transpose: true }),
        rows,
        rank,
      ];
    },
  ],
  [
    "systems",
    (g) => {
      const [a, few] = [symmetric(g, 5, 40), symmetric(g, 300, 3)];
      const x = linalg.solve(a, ramp(g, 5, 40, 40));
      const flat = linalg.qr(ramp(g, 3, 20, 20));
      const tall = linalg.qr(ops.add(ramp(g, 300, 3, 2), ramp(g, 3, 2)));
      const slopes = grad(ops.sum(ops.square(x)), [a]) as Tensor[];
      return [x, ...slopes, linalg.det(few), linalg.inverse(few), flat.r, flat.q, tall.r, tall.q];
    },
  ],
  [
    "sums into places, and gamma",
    (g) => {
      const x = ramp(g, 700, 3);
      const at = g.tensor(Uint32Array.from({ length: 3000 }, (_, i) => (i * 7) % 700));
      const [slope] = grad(ops.sum(ops.square(ops.gather(x, at))), [x]) as [Tensor];
      return [slope, ops.random.gamma(g, 2.5, [700], { seed: 1 })];
    },
  ],
  ["singular values", async (g) => [await svdvalsOnGpu("svdvals", g, ramp(g, 10, 12))]],
  [
    "near pairs",
    (g) => {
      const pairs = pairDistances(g, ramp(g, 70, 33), ramp(g, 65, 33));
      return [pairs.squares, pairs.exact(g.full([70, 1], 4))];
    },
  ],
  [
    "clusters",
    (g) =>
      [3, 4].flatMap((d) => {
        const [x, mu] = [ramp(g, 700, d), ramp(g, 9, d)];
        const q = distances(x, mu, ops.add(mu, 1));
        return [q, clusterSums(x, mu, q)];
      }),
  ],
];

it("every kernel of every case gives the same bits in a folded grid", async () => {
  for (const [kind, [plain, twice]] of engines.entries())
    for (const [what, work, prefer = {}] of CASES) {
      if (kind > 0 && !BOTH.has(what)) continue;
      const results: number[][][] = [];
      for (const gpu of [plain, twice]) {
        const choices = { get: (key: string) => Object.entries(prefer).find(([kind]) => key.startsWith(kind))?.[1] };
        Object.assign(gpu.traits, { choices });
        gpu.tuning.import(gpu.tuning.export()); // forgets plans
        const tensors = await work(gpu);
        await gpu.evaluate(tensors);
        results.push(await Promise.all(tensors.map(async (t) => [...(await t.read())] as number[])));
        for (const t of tensors) t.dispose();
      }
      for (const [k, values] of results[1]!.entries()) expect(values, `${what} ${k}`).toEqual(results[0]![k]);
    }
});

/** Pictures, kernels that only steps of training launch, and products with sums, whose tiles are those of products. */
const ELSEWHERE = [
  "draw.draw",
  "image.image",
  "image_external.image_external",
  ...["adam", "sgd"].flatMap((name) => [`${name}.update`, `${name}.update_each`]),
  ...["bytes", "floats"].map((name) => `batch.${name}`),
  ...["register_tiled", "quadswap", "quadswap_any", "quadswap_small", "tiled", "tiled_any"].map(
    (name) => `matmul_${name}.product_and_sums`,
  ),
];

it("no kernel is left out", () => {
  const missing = kernels.filter(({ folds, entry, code }) => folds && !folded.has(textOf(entry, code)));
  expect(missing.map(({ name }) => name).sort()).toEqual([...ELSEWHERE].sort());
});

it("a stack of 65 536 matrices is factored and solved, all of it", async () => {
  const stack = 65_536;
  const a = ops.expand(host.tensor([4, 2, 2, 5], [2, 2]), [stack, 2, 2]);
  const { factor, failedPivot } = linalg.cholesky(a);
  const x = linalg.solveTriangular(factor, host.tensor([2, 4], [2, 1]));
  const [inverse, log] = [linalg.inverse(a), linalg.logdet(a)];
  const ends = async (t: Tensor, size: number) => {
    const values = [...(await t.read())] as number[];
    return [values.slice(0, size), values.slice(-size)];
  };
  expect(await ends(factor, 4)).toEqual(Array(2).fill([2, 0, 1, 2]));
  expect(await ends(failedPivot, 1)).toEqual([[-1], [-1]]);
  const close = (values: readonly number[]) => Array(2).fill(values.map((value) => expect.closeTo(value, 5)));
  expect(await ends(inverse, 4)).toEqual(close([5 / 16, -1 / 8, -1 / 8, 1 / 4]));
  expect(await ends(log, 1)).toEqual(close([Math.log(16)]));
  expect(await ends(x, 2)).toEqual(Array(2).fill([1, 1.5]));
});

it("refuses a longer grid of a kernel that does not count by group_number", () => {
  const { maxGroups } = host.traits;
  const kernel = { ...shaders.map.elements, folds: undefined } as unknown as Kernel;
  const groups = [maxGroups + 1, 1, 1] as const;
  expect(fold({ kernel: shaders.map.elements, groups }, host.traits)).toEqual([32_768, 2, 1]);
  expect(() => fold({ kernel, groups }, host.traits)).toThrow(LatentError);
  expect(() => fold({ kernel, groups: [1, maxGroups + 1, 1] }, host.traits)).toThrow("at most 65535");
  expect(() => fold({ kernel: shaders.map.elements, groups: [1, 2, 1] }, host.traits)).toThrow("a line of workgroups");
  expect(() => fold({ kernel: shaders.advance.count_step, groups: [2, 1, 1] }, host.traits)).toThrow("one workgroup");
});
