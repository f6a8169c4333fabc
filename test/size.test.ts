import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";

/**
 * A program that imports `names`, minified. `atOnce`: bytes that go over the wire before it runs; chunks that are imported when a call
 * asks for them come later. `withKernels`: those bytes and the chunks of all kernels and functions that its ops may ask for.
 * `oneFile`: what a bundler makes that splits nothing, with all that any method may ask for. `files` of src/ are in what goes at once,
 * and so are the chunks of `always`, for a program that cannot do without them.
 */
async function bundled(names: readonly string[], always: readonly string[] = []) {
  const options = {
    stdin: { contents: `export { ${names.join(", ")} } from "./src/index.ts";`, resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    metafile: true,
    outdir: "out",
  } as const;
  const whole = await build(options);
  const oneFile = gzipSync(whole.outputFiles[0]!.contents, { level: 9 }).length;
  const { outputFiles, metafile } = await build({ ...options, splitting: true });
  /** The chunks that `path` loads, and those of kernels that it may import when it runs. */
  const reached = (path: string, kernels: boolean, found = new Set<string>()): Set<string> => {
    if (found.has(path)) return found;
    found.add(path);
    for (const { path: next, kind } of metafile.outputs[path]!.imports) {
      const { entryPoint = "" } = metafile.outputs[next]!;
      const isNeeded = always.includes(entryPoint) || (kernels && entryPoint.startsWith("src/kernels/"));
      if (kind === "import-statement" || isNeeded) reached(next, kernels, found);
    }
    return found;
  };
  const entry = Object.keys(metafile.outputs).find((path) => metafile.outputs[path]!.entryPoint === "<stdin>")!;
  const gzipped = (kernels: boolean) => {
    const chunks = reached(entry, kernels);
    const texts = outputFiles.filter(({ path }) => [...chunks].some((name) => path.endsWith(name)));
    return gzipSync(Buffer.concat(texts.map(({ contents }) => contents)), { level: 9 }).length;
  };
  const files = [...reached(entry, false)].flatMap((path) =>
    Object.entries(metafile.outputs[path]!.inputs).flatMap(([file, { bytesInOutput }]) =>
      bytesInOutput > 0 ? [file] : [],
    ),
  );
  return { atOnce: gzipped(false), withKernels: gzipped(true), oneFile, files };
}

const core = [
  "openGpu",
  "Tensor",
  "grad",
  "assign",
  "linear",
  "conv2d",
  "relu",
  "sum",
  "random",
  "bernoulliLogLikelihood",
  "adam",
];
/** What `gpu.compile` loads: core assigns, which only a compiled step does. */
const programs = "src/program/program.ts";
const apart = /^src\/(models|metrics|features|data|linalg|app)\//;

// Goals: 60,000 and 45,000 bytes at once. The limits are what was reached: whoever raises one says why here. Convolutions through the tiles
// of products cost 2,400 of the kernels. A page that compiles nothing loads
// no programs, 2,500 bytes; core counts them. Pictures cost 1,400 at once, since fromImage takes what they show now, several in one call;
// their kernels, drawing and colour maps come with the first call, 5,900 in one file. What files that are loaded later import of those that
// go at once, esbuild puts into chunks apart, whose imports and exports cost 1,300.
const LIMITS = {
  core: { atOnce: 55_930, withKernels: 83_290, oneFile: 92_170 },
  tensors: { atOnce: 44_900, withKernels: 61_330, oneFile: 72_440 },
};

describe("what a program takes along", () => {
  test("tensors, autograd and an optimiser stay within their limit, minified and gzipped", async () => {
    const { atOnce, withKernels, oneFile, files } = await bundled(core, [programs]);
    expect(oneFile).toBeLessThanOrEqual(LIMITS.core.oneFile);
    expect(atOnce).toBeLessThanOrEqual(LIMITS.core.atOnce);
    expect(withKernels).toBeLessThanOrEqual(LIMITS.core.withKernels);
    expect(files.filter((file) => apart.test(file))).toEqual([]);
  });

  test("tensors and gradients stay within theirs", async () => {
    const { atOnce, withKernels, oneFile, files } = await bundled(["openGpu", "Tensor", "grad"]);
    expect(files).not.toContain(programs);
    expect(oneFile).toBeLessThanOrEqual(LIMITS.tensors.oneFile);
    expect(atOnce).toBeLessThanOrEqual(LIMITS.tensors.atOnce);
    expect(withKernels).toBeLessThanOrEqual(LIMITS.tensors.withKernels);
  });

  // what each one brings of the folders above nn; everything else of them stays out
  const latent = "models/(latent|pictures|likelihood|logProb|file)";
  /** A measure's own files, what all of them stand on, and `folders`. */
  const measured = (files: string, ...folders: readonly string[]) =>
    new RegExp(
      `^src/(${["data/", "models/gammaFunction", ...folders].join("|")}|metrics/(${files}|arguments|bootstrap|halves|streaming|subset|measure|score|stream|sets|collected|statistics)\\.)`,
    );
  const own: [name: string, files: RegExp][] = [
    [
      "Gaussian",
      /^src\/(models\/(gaussian|covariance|mixture\/(components|em|emStates|emOfOne|singular)\.|kmeans\/nearest|logProb|observed|programs|weights)|linalg\/|data\/)/,
    ],
    [
      "GaussianMixture",
      /^src\/(models\/(mixture|covariance|kmeans|logProb|observed|programs|weights)|linalg\/|data\/)/,
    ],
    ["VAE", new RegExp(`^src/(${latent}|models/family/vae|linalg/|data/)`)],
    [
      "AutoEncoder",
      new RegExp(`^src/(${latent}|models/(family/autoEncoder|gaussian|covariance|observed|weights)|linalg/|data/)`),
    ],
    ["frechetDistance", measured("frechet|frechetDeviation", "linalg/", "formats/")],
    ["classScore", measured("classScore|classMoments|probabilities")],
    ["precisionRecall", measured("precisionRecall|balls|nearest|pairs", "linalg/(clusters|pairDistances)")],
    ["Inception", /^src\/(features\/(inception|inceptionBlocks|fold|network|weights)\.)/],
    ["MobileNetV2", /^src\/features\/(mobileNet|network|weights)\./],
    ["BlazeFace", /^src\/features\/(blazeFace|boxes|detector|flatbuffer|network|reorder|tflite|tfliteGraph|weights)\./],
    ["Moments", /^src\/(linalg\/|formats\/|data\/)/],
  ];
  test.each(own)("%s brings its own files and no other model or measure", async (name, allowed) => {
    const { files } = await bundled(["openGpu", name]);
    expect(files.filter((file) => apart.test(file) && !allowed.test(file))).toEqual([]);
  });
});
