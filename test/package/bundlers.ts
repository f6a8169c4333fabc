import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build as esbuild } from "esbuild";
import { rollup } from "rollup";
import { build as vite } from "vite";
import webpack from "webpack";

/** Bundles `entry` of a project into `file`, minified, as an ES module. */
type Bundler = (project: string, entry: string, file: string) => Promise<unknown>;

export const bundlers: { readonly [name: string]: Bundler } = {
  esbuild: (project, entry, file) =>
    esbuild({ absWorkingDir: project, entryPoints: [entry], outfile: file, bundle: true, minify: true, format: "esm" }),
  vite: (project, entry, file) =>
    vite({
      root: project,
      configFile: false,
      logLevel: "error",
      build: {
        target: "es2022",
        minify: true,
        emptyOutDir: false,
        outDir: project,
        lib: { entry: join(project, entry), formats: ["es"], fileName: () => file },
      },
    }),
  async rollup(project, entry, file) {
    const bundle = await rollup({
      input: join(project, entry),
      onLog: (level, log) => {
        if (level === "warn" && log.code !== "CIRCULAR_DEPENDENCY") throw new Error(log.message);
      },
      plugins: [{ name: "package", resolveId: (id) => resolvedByExports(project, id) }],
    });
    await bundle.write({ file: join(project, file), format: "es", inlineDynamicImports: true });
    const { code } = await minified(readFileSync(join(project, file), "utf8"));
    writeFileSync(join(project, file), code);
  },
  webpack: (project, entry, file) =>
    new Promise((done, fail) => {
      webpack(
        {
          mode: "production",
          context: project,
          entry: `./${entry}`,
          experiments: { outputModule: true },
          output: { path: project, filename: file, module: true, library: { type: "module" } },
          performance: { hints: false },
        },
        (error, stats) => {
          const problems = stats?.toJson({ errors: true, warnings: true });
          const messages = [...(problems?.errors ?? []), ...(problems?.warnings ?? [])].map(({ message }) => message);
          if (error || messages.length > 0) fail(error ?? new Error(messages.join("\n")));
          else done(stats);
        },
      );
    }),
};

const minified = async (text: string) => {
  const { transform } = await import("esbuild");
  return transform(text, { minify: true, format: "esm" });
};

/** What package.json's "exports" and "sideEffects" say of a name, as rollup's usual plugin would find it. */
function resolvedByExports(project: string, id: string) {
  if (!/^latentgpu(\/|$)/.test(id)) return null;
  const folder = join(project, "node_modules/latentgpu");
  const { exports, sideEffects } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    exports: { [name: string]: { default: string } };
    sideEffects: boolean;
  };
  return { id: join(folder, exports[id.replace("latentgpu", ".")]!.default), moduleSideEffects: sideEffects };
}

/** Writes an entry file that exports `names`; returns its name. */
export function exporting(project: string, name: string, names: readonly string[]): string {
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, `${name}.js`), `export { ${names.join(", ")} } from "latentgpu";\n`);
  return `${name}.js`;
}
