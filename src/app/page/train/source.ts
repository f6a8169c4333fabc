import { opened } from "../../train/file.ts";
import { pytorchLines } from "../../train/pytorch.ts";
import { downloadLink } from "../download.ts";
import { type Form, formOf, SIZES } from "./settings.ts";

/** A file of a model, which the next start goes on from. */
export interface Source {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Null where it is the model alone. */
  readonly step: number | null;
  readonly words: string;
}

/** A file that was saved, and the step after which its model is so. */
export interface Checkpoint {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly step: number;
}

/** Saves a file by the name of the model that it holds: the form may choose another one by now. Gives the lines of PyTorch that load it. */
export function downloadModel({ bytes, step }: Checkpoint): string {
  const name = `${opened(bytes).settings.model.toLowerCase()}-step-${step}.safetensors`;
  const link = downloadLink(name, "application/octet-stream", bytes);
  link.click();
  URL.revokeObjectURL(link.href);
  return pytorchLines(bytes, name);
}

/** Reads a file, and what the form is to hold for it; `now` is what it holds. Throws on images of other sizes, and as `opened` does. */
export async function sourceOf(file: File, now: Form): Promise<{ readonly source: Source; readonly form: Form }> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { settings, image, step } = opened(bytes);
  const size = Object.entries(SIZES).find(([, sizes]) => String(sizes) === String(image))?.[0];
  if (!size) throw new TypeError(`load: images of [${image.join(", ")}]. Expected [1, 28, 28] or [3, 32, 32].`);
  const data = size === "28" ? (now["data"] ?? "") : "own";
  const training: Form = { epochs: now["epochs"] ?? "", learningRate: now["learningRate"] ?? "" };
  return {
    source: { bytes, step, words: step === null ? file.name : `step ${step} of ${file.name}` },
    form: { ...formOf(settings), ...training, data, size },
  };
}
