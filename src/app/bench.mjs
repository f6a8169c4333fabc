import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./setup.mjs";

/** The engines of the bench: the name under which bench/page.ts loads each, and the file that drives it. */
const engines = { latentgpu: "vae/latentgpu.ts", "jax-js": "vae/jax.ts", tfjs: "vae/tfjs.ts" };

/** Bundles the bench for the page into dist/bench. An engine that cannot be bundled is left out; the bench says so. */
export async function buildBench() {
  const common = {
    absWorkingDir: root,
    outdir: join(root, "dist/bench"),
    bundle: true,
    format: "esm",
    target: "es2022",
    loader: { ".wgsl": "text" },
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "silent",
    minify: true,
  };
  const entries = { page: "page.ts", ...engines };
  const builds = Object.entries(entries).map(([name, file]) =>
    build({ ...common, entryPoints: { [name]: join(root, "bench", file) } }),
  );
  await Promise.allSettled(builds);
}
