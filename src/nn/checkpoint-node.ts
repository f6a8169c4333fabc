import { randomUUID } from "node:crypto";
import { open, rename, unlink } from "node:fs/promises";

/**
 * Writes a file whole or not at all: to a temporary name of its own beside it, flushed, then renamed over `path`. A run that is killed
 * in between leaves the old file as it was, and of several writers at a time the last one to finish stays, whole.
 *
 *     await writeFileWhole("model.safetensors", await model.save());
 */
export async function writeFileWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.part`;
  const file = await open(temporary, "wx");
  try {
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
}
