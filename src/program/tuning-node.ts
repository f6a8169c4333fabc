import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, unlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { LatentError } from "../device/errors.ts";
import { crc32 } from "../formats/crc32.ts";
import type { TuningStore } from "./tuningStore.ts";

/**
 * Keeps tuning tables in Node, in one file per device and engine version, in `folder`: by default latentgpu in the user's
 * cache ($XDG_CACHE_HOME, else ~/.cache).
 *
 *     await gpu.tune((x) => matmul(x, x), [x], { store: fileTuning() });
 */
export function fileTuning(
  folder = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "latentgpu"),
): TuningStore {
  const pathOf = (key: string) => join(folder, `tuning-${crc32(new TextEncoder().encode(key)).toString(16)}.json`);
  const failure = (path: string, cause: unknown) =>
    new LatentError("data", `fileTuning: cannot use ${path}. ${String(cause)}`, { cause });
  return {
    async load(key) {
      const path = pathOf(key);
      try {
        return await readFile(path, "utf8");
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
        throw failure(path, cause);
      }
    },
    async save(key, text) {
      const path = pathOf(key);
      const part = `${path}.${randomUUID()}.part`;
      try {
        await mkdir(folder, { recursive: true });
        await writeFile(part, text);
        await rename(part, path); // whole or not at all
      } catch (cause) {
        await unlink(part).catch(() => {});
        throw failure(path, cause);
      }
    },
  };
}
