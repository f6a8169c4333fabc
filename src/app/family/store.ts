import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a kept model was trained with and took. */
export interface Kept {
  readonly key: string;
  readonly seconds: number;
  readonly steps: number;
}

/** Where trained models are kept between runs. */
export interface ModelStore {
  /** What was kept under this name, or null. */
  read(name: string): { readonly bytes: Uint8Array; readonly about: Kept } | null;
  write(name: string, bytes: Uint8Array, about: Kept): void;
}

/** A store of two files a model: its own, and beside it a JSON text, without which the other counts for nothing. */
export function storeIn(folder: string): ModelStore {
  const files = (name: string) => ({ model: join(folder, `${name}.safetensors`), about: join(folder, `${name}.json`) });
  return {
    read(name) {
      const file = files(name);
      try {
        return { about: JSON.parse(readFileSync(file.about, "utf8")) as Kept, bytes: readFileSync(file.model) };
      } catch {
        return null;
      }
    },
    write(name, bytes, about) {
      const file = files(name);
      mkdirSync(folder, { recursive: true });
      // gone first and back last: whatever ends this between, no model stands beside the text of another
      rmSync(file.about, { force: true });
      writeFileSync(file.model, bytes);
      writeFileSync(file.about, JSON.stringify(about));
    },
  };
}
