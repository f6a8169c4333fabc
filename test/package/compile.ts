import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { output } from "./delivered.ts";

const root = process.cwd();

export const compilers = { "5.9": "typescript", "6": "typescript6", "7": "typescript7" } as const;
export type Version = keyof typeof compilers;

const strict = { target: "es2022", strict: true, skipLibCheck: false, declaration: true, rootDir: "src" };
const resolutions = {
  bundler: { module: "esnext", moduleResolution: "bundler" },
  node16: { module: "node16", moduleResolution: "node16" },
  nodenext: { module: "nodenext", moduleResolution: "nodenext" },
};

interface Setting {
  readonly options: object;
  /** Versions that it is for, all by default. */
  readonly only?: readonly Version[];
  /** Without a console, examples that print do not compile. */
  readonly files?: readonly string[];
}

/** What users' projects say: the three resolutions, libraries without browsers, their own WebGPU types, all strictness. */
const settings: { readonly [name: string]: Setting } = {
  ...Object.fromEntries(
    Object.entries(resolutions).map(([name, options]) => [name, { options: { ...options, types: [] } }]),
  ),
  bare: { options: { ...resolutions.nodenext, lib: ["es2022"], types: [] }, files: ["wrapper.ts"] },
  node: { options: { ...resolutions.nodenext, lib: ["es2022"], types: ["node"] } },
  // from version 6 on the libraries have WebGPU, and @webgpu/types clashes with them by itself
  webgpu: { options: { ...resolutions.bundler, types: ["@webgpu/types"] }, only: ["5.9"] },
  exact: {
    options: {
      ...resolutions.bundler,
      types: [],
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
    },
  },
};

/** Compiles `files` of src/ of a project with every setting, in one run of the compiler; throws with its messages. */
export function compileAll(project: string, version: Version, files: readonly string[]): void {
  const names: string[] = [];
  for (const [name, { options, only, files: few }] of Object.entries(settings)) {
    if (only && !only.includes(version)) continue;
    const folder = `out/${version}/${name}`;
    // the compiler's own libraries are looked through once
    const libraries = { skipDefaultLibCheck: name !== "bundler" };
    const compilerOptions = { ...strict, ...options, ...libraries, outDir: folder, tsBuildInfoFile: `${folder}/info` };
    const config = `tsconfig.${version}.${name}.json`;
    writeFileSync(
      join(project, config),
      JSON.stringify({ compilerOptions, files: (few ?? files).map((file) => `src/${file}`) }),
    );
    names.push(config);
  }
  output(process.execPath, [join(root, "node_modules", compilers[version], "bin/tsc"), "-b", ...names], project);
  if (!existsSync(join(project, `out/${version}/exact/wrapper.d.ts`))) throw new Error("the compiler wrote nothing");
}

/** A library over all of the package whose types the compiler works out and has to write down. */
export const wrapper = `import * as latentgpu from "latentgpu";
import { type Gpu, openGpu } from "latentgpu";
import * as formats from "latentgpu/formats";
import * as node from "latentgpu/node";
export const all = { ...latentgpu };
export const files = { ...formats, ...node };
export const open = async () => openGpu();
export const step = async (gpu: Gpu) => gpu.compile((x) => x.add(1), gpu.tensor([1]));
export const lost = (gpu: Gpu) => gpu.lost;
export const device = (gpu: Gpu) => gpu.device;
export const memory = (gpu: Gpu) => gpu.memory();
export const vae = (gpu: Gpu) => new latentgpu.VAE(gpu, { image: [1, 28, 28] });
export const fit = (gpu: Gpu) => latentgpu.Gaussian.fit(latentgpu.random.normal(gpu, [9, 2], { seed: 1 }));
export const optimiser = (gpu: Gpu) => latentgpu.adam(gpu, [gpu.state([1])]);
export const layer = (gpu: Gpu) => new latentgpu.Linear(gpu, 2, 3).parameters;
export const beside = (x: latentgpu.Tensor) => new latentgpu.Linear(x.gpu, 2, 3).forward(x.gpu.zeros([1, 2]));
export async function total(gpu: Gpu) {
  using x = gpu.tensor([1, 2]);
  const values: Float32Array = await x.read();
  return latentgpu.sum(x.pow(2)).add(values.length);
}
`;
