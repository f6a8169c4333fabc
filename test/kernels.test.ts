import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { kernelFile } from "../shaders/generate.mjs";
import { isFloat, scalarOf } from "../src/graph/dtype.ts";
import { mapNames, signature } from "../src/graph/maps.ts";
import { vec4Body } from "../src/kernels/vec4.ts";
import { type Expression, hookBody, type Scalar, specialise } from "../src/kernels/hook.ts";
import type { Kernel } from "../src/kernels/launch.ts";
import { loadLibrary } from "../src/kernels/own.ts";
import * as shaders from "../src/kernels/shaders.gen.ts";
import { openNodeGpu } from "../src/node.ts";
import { openWith } from "../src/open.ts";
import { dawnWith } from "./helpers.ts";

type Families = { readonly [family: string]: { readonly [entry: string]: Kernel } };
type Texts = { readonly [hook: string]: string };
const families = Object.entries(shaders as Families);
await loadLibrary();

/** Values other than the written ones that a launcher may give a constant; flags (written 0 or 1) take both. */
const CHOICES: { readonly [name: string]: readonly number[] } = {
  OPERATION: [0, 1, 2],
  STEP: [1, 2],
  K_TEAMS: [1],
  BUFFERS: [1, 2],
  IN_FLIGHT: [1, 4],
  THREAD_M: [1, 2],
  THREAD_N: [1, 2],
  ROWS_PER_THREAD: [1, 4],
};

interface Variant {
  readonly label: string;
  readonly code: string;
}

/** Whole vec4, four of one element, evenly apart. */
const VEC4_LAYOUTS = [
  { offset: 4, dims: [40, 8], strides: [16, 1] },
  { offset: 3, dims: [5, 12], strides: [1, 0] },
  { offset: 1, dims: [8, 4], strides: [1, 9] },
];

/** A hook body that calls every function of lib/map.wgsl and reads views of every form, as the planner would write it. */
function fullBody(signatureText: string, [first, count]: readonly [number, number]): string {
  const result = signatureText.split("->")[1] as Scalar | "vec4f" | "vec4u";
  const isVec4 = result === "vec4f" || result === "vec4u";
  const layouts = isVec4
    ? VEC4_LAYOUTS
    : [
        { offset: 3, dims: [2, 3, 5], strides: [1, 0, 7] },
        { offset: 0, dims: [1030], strides: [1] },
        { offset: 9, dims: [1030], strides: [0] },
        { offset: 0, dims: [40, 5], strides: [0, 1] },
      ];
  const view = (k: number, type: Scalar): Expression => ({
    kind: "view",
    slot: first + (k % count),
    view: layouts[k % layouts.length]!,
    type,
  });
  let value: Expression = /value:(f32|vec4f)/.test(signatureText) ? { kind: "value", type: "f32" } : view(0, "f32");
  for (const [k, name] of mapNames.entries()) {
    const { indexed, inputs, output } = signature(name);
    const call: Expression = {
      kind: "call",
      name,
      indexed,
      inputs: inputs.map((type, n) =>
        n === 0 && isFloat(type)
          ? value
          : n === 1
            ? { kind: "scalar", slot: k % 16, type: scalarOf(type) }
            : view(k + n, scalarOf(type)),
      ),
      type: scalarOf(output),
    };
    value = isFloat(output)
      ? call
      : { kind: "call", name: "add", indexed: false, inputs: [value, toFloat(call)], type: "f32" };
  }
  const written = () => null;
  return isVec4 ? vec4Body(value, result, written)! : hookBody(value, result, written);
}

const toFloat = (of: Expression): Expression => ({
  kind: "call",
  name: of.type === "u32" ? "f32_from_u32" : "f32_from_i32",
  indexed: false,
  inputs: [of],
  type: "f32",
});

/** How many views the planner may add: a stage binds at most 8 storage buffers. */
const room = (kernel: Kernel): number => Math.min(7, 8 - Object.keys(kernel.buffers).length);

/** The slots that a hook may read: first and count. What is read as vec4 is read by no other hook. */
function slotsOf(kernel: Kernel, hook: string): readonly [number, number] {
  if (!("vec4_at" in kernel.hooks || "epilogue_vec4" in kernel.hooks)) return [0, room(kernel)];
  const vec4s = Math.min(3, room(kernel) - 1);
  return hook === "vec4_at" || hook === "epilogue_vec4" ? [0, vec4s] : [vec4s, room(kernel) - vec4s];
}

const fullCode = (kernel: Kernel, constants: { readonly [name: string]: number } = {}): string =>
  specialise(
    kernel,
    constants,
    Object.fromEntries(
      Object.entries(kernel.hooks).map(([hook, text]) => [hook, fullBody(text, slotsOf(kernel, hook))]),
    ),
  );

const written = (kernel: Kernel): Variant => ({ label: kernel.name, code: specialise(kernel, {}, {}) });

/** The kernel as written, with its constants' other values, and with full hooks. */
function variants(kernel: Kernel): Variant[] {
  const others = Object.entries(kernel.constants).flatMap(([name, value]) =>
    (CHOICES[name] ?? (value <= 1 ? [0, 1] : []))
      .filter((other) => other !== value)
      .map((other) => ({ [name]: other })),
  );
  return [
    written(kernel),
    ...others.map((constants) => ({
      label: `${kernel.name} ${JSON.stringify(constants)}`,
      code: specialise(kernel, constants, {}),
    })),
    ...(Object.keys(kernel.hooks).length ? [{ label: `${kernel.name} with full hooks`, code: fullCode(kernel) }] : []),
  ];
}

/** What kernels may ask for by `enable`. */
const FEATURES = ["shader-f16", "subgroups"];
/** What a device says of a variant: messages, and the error of its pipeline. */
async function complaints(device: GPUDevice, { label, code }: Variant, entry: string): Promise<string[]> {
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ label, code });
  const compute = { module, entryPoint: entry };
  const made = device.createComputePipelineAsync({ label, layout: "auto", compute }).then(() => null, String);
  const [info, failure] = await Promise.all([module.getCompilationInfo(), made]);
  const scope = await device.popErrorScope();
  const messages = info.messages.map(
    (m) => `${label}:${m.lineNum}: ${m.type}: ${m.message}\n  ${code.split("\n")[m.lineNum - 1]}`,
  );
  return [...messages, ...(failure ? [`${label}: ${failure}`] : []), ...(scope ? [`${label}: ${scope.message}`] : [])];
}

/** Dawn without a driver: all of WebGPU's validation, the WGSL compiler and every feature. test/folds runs each kernel on one. */
const dawn = dawnWith("backend=null");

describe.each([
  ["with every feature", async () => (await openWith(dawn, { requiredFeatures: FEATURES })).device],
  // 8 storage buffers, 256 invocations and 16 KiB of workgroup memory are what may not fit
  [
    "with default limits",
    async () => (await openWith(dawn, { requiredFeatures: FEATURES, defaultLimits: true })).device,
  ],
])("on a device %s", async (_, open) => {
  const device = await open();
  for (const [family, entries] of families)
    it(`${family} compiles without a message, as written and in every variant`, async () => {
      const found: string[] = [];
      for (const kernel of Object.values(entries))
        for (const variant of variants(kernel)) found.push(...(await complaints(device, variant, kernel.entry)));
      expect(found).toEqual([]);
    });
});

it("keeps within what every device has", () => {
  const found = families.flatMap(([, entries]) =>
    Object.values(entries).flatMap(({ name, workgroup, buffers }) => [
      ...(workgroup.reduce((a, b) => a * b, 1) > 256 ? [`${name}: ${workgroup.join(" × ")} invocations`] : []),
      ...(Object.keys(buffers).length > 8 ? [`${name}: ${Object.keys(buffers).length} storage buffers`] : []),
    ]),
  );
  expect(found).toEqual([]);
});

describe("a broken kernel", () => {
  it("is rejected by the device with its line, and leaves the cache clean", async () => {
    const gpu = await openNodeGpu();
    const code = shaders.bytes.bytes.code.replace("params.scale*", "params.scale+*");
    const found = await complaints(gpu.device, { label: "broken", code }, "bytes");
    expect(found[0]).toMatch(/^broken:\d+: error: /);
    expect(await gpu.tensor([1, 2]).add(1).read()).toEqual(Float32Array.of(2, 3));
    gpu.dispose();
  });

  it("names the hook or constant that it does not have", () => {
    expect(() => specialise(shaders.bytes.bytes, { LANE: 1 }, {})).toThrow("bytes.bytes has no constant LANE");
    expect(() => specialise(shaders.bytes.bytes, {}, { prologue: "{}" })).toThrow("bytes.bytes has no hook prologue");
  });
});

const good = `// good — doubles.
//
//   main   y[i] = 2 · x[i]
//
// shapes     x, y [size]
// grid       one invocation per element
// numerics   exact

//#include "lib/grid.wgsl"

const LANES = 64u;

struct Params { size: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  if (i < params.size) { y[i] = epilogue(i, 2.0 * x[i]); }
}
`;

describe("the generator", () => {
  it("reads a good file (the control)", () => {
    const { name, summary, entries, hooks, constants } = kernelFile("good.wgsl", good);
    expect({ name, summary, hooks, constants }).toEqual({
      name: "good",
      summary: "doubles.",
      hooks: { epilogue: "(i: u32, value: f32) -> f32" },
      constants: { LANES: 64 },
    });
    expect(entries).toEqual([
      {
        name: "good.main",
        entry: "main",
        workgroup: [64, 1, 1],
        folds: true,
        buffers: { x: { binding: 1, access: "read" }, y: { binding: 2, access: "read_write" } },
        textures: {},
        params: { size: { offset: 0, type: "u32" } },
        paramsBytes: 16,
      },
    ]);
  });

  it("leaves to the text what the engine reads from it", () => {
    const files = ["shaders", "shaders/software"].flatMap((folder) =>
      readdirSync(folder).map((file) => [file, `${folder}/${file}`] as const),
    );
    for (const [file, path] of files.filter(([file]) => file.endsWith(".wgsl"))) {
      const { name, entries, hooks, constants } = kernelFile(file, readFileSync(path, "utf8"));
      const found = Object.values((shaders as Families)[name]!);
      const spaceless = Object.entries(hooks as Texts).map(([hook, text]) => [hook, text.replaceAll(" ", "")]);
      expect(
        found.map(({ code: _code, workgroup, ...kernel }) => ({
          ...kernel,
          workgroup: [...workgroup, 1, 1].slice(0, 3),
        })),
      ).toEqual(
        (entries as { readonly textures: object }[]).map(({ textures: _textures, ...entry }) => ({
          ...entry,
          hooks: Object.fromEntries(spaceless),
          constants: { ...constants },
        })),
      );
    }
  });

  const faults: readonly (readonly [what: string, from: string, to: string, message: string])[] = [
    ["a missing header label", "// numerics   exact\n", "", 'good.wgsl: header has no "numerics" line'],
    [
      "a header that names another file",
      "// good — doubles.",
      "// kind — doubles.",
      'good.wgsl:1: expected "// good — <summary>"',
    ],
    ["no summary", "// good — doubles.", "// good", 'good.wgsl:1: expected "// good — <summary>"'],
    ["an unknown include", '"lib/grid.wgsl"', '"lib/grit.wgsl"', 'good.wgsl: unknown include "lib/grit.wgsl"'],
    ["an include without quotes", '"lib/grid.wgsl"', "lib/grid.wgsl", "good.wgsl: unknown include lib/grid.wgsl"],
    [
      "a reserved word, which the minifier would hide",
      "epilogue(i: u32",
      "epilogue(from: u32",
      'good.wgsl: "from" is a reserved word of WGSL. Name it otherwise',
    ],
    ["a binding used twice", "@binding(2)", "@binding(1)", "good.wgsl: x and y share binding 1"],
    [
      "a texture where a buffer is",
      "@group(0) @binding(2)",
      "@group(0) @binding(1) var z: texture_2d<f32>;\n@group(0) @binding(2)",
      "good.wgsl: x and z share binding 1",
    ],
    [
      "a second group",
      "@group(0) @binding(2)",
      "@group(1) @binding(2)",
      "good.wgsl: y is in group 1; kernels use group 0",
    ],
    [
      "params elsewhere than at 0",
      "@binding(0)",
      "@binding(3)",
      "good.wgsl: params is at binding 3; kernels keep it at 0",
    ],
    [
      "a hook line above no function",
      "//#hook\nfn epilogue",
      "//#hook\n\nfn epilogue",
      "good.wgsl: a //#hook line is not directly above a one-line function head",
    ],
    [
      "a workgroup's place that is not counted by group_number",
      "group_number(id, groups)",
      "id.x",
      "good.wgsl: main reads id other than by group_number(id, …) of lib/grid.wgsl: its grid may be folded",
    ],
    [
      "a place that folding changes",
      "@builtin(num_workgroups) groups",
      "@builtin(global_invocation_id) groups",
      "good.wgsl: main reads a place that a folded grid changes. Count workgroups by group_number (lib/grid.wgsl)",
    ],
    ["no entry point", "@compute @workgroup_size(LANES)\n", "", "good.wgsl: no @compute entry point"],
    [
      "a workgroup size that is no constant",
      "(LANES)\n",
      "(WIDTH)\n",
      "good.wgsl: main has @workgroup_size(WIDTH), of which not every part is a number or a constant",
    ],
  ];
  for (const [what, from, to, message] of faults)
    it(`rejects ${what}`, () => {
      expect(good).toContain(from);
      expect(() => kernelFile("good.wgsl", good.replace(from, to))).toThrow(new Error(message));
    });

  it("rejects text that is not WGSL", () => {
    expect(() => kernelFile("good.wgsl", good.replace("fn main(", "fn main{"))).toThrow(
      /^good\.wgsl: does not parse\. /,
    );
  });
});
