import { open, rename, unlink } from "node:fs/promises";

/**
 * Writes a file whole or not at all: to a temporary name beside it, flushed, then renamed over `path`. A run that is killed
 * in between leaves the old file as it was.
 */
export async function writeFileWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.part`;
  const file = await open(temporary, "w");
  try {
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await file.close();
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await file.close();
  await rename(temporary, path);
}
