import { LatentError } from "./errors.ts";

/**
 * A module of the engine that is loaded when it is asked for, as `import()` gives it. Throws LatentError("unsupported") where its file
 * does not come, with the browser's reason as the cause; a later call tries again.
 *
 *     const { tune } = await loaded("tune", import("./tune.ts"));
 */
export const loaded = <Module>(part: string, importing: Promise<Module>): Promise<Module> =>
  importing.catch((cause: unknown) => {
    throw new LatentError(
      "unsupported",
      `${part}: a file of the engine does not load (${cause instanceof Error ? cause.message : String(cause)}). Serve all files of latentgpu's dist/ beside each other, or use dist/latentgpu.min.js, which is one file.`,
      { cause },
    );
  });
