import { adapterWords } from "./adapterWords.ts";
import { clamp, type Gpu, resize } from "../../index.ts";
import { imagesOn } from "./features.ts";
import type { Files } from "./files.ts";
import type { Reading } from "./source.ts";
import type { Stream, Terminal } from "./terminal.ts";
import { checkUsage, choiceOption, wholeOption, type Words } from "./words.ts";

/** What a command works with. */
export interface CommandContext {
  /** Results. */
  readonly out: Stream;
  /** Progress and warnings, on standard error. */
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly files: Files;
  /** Opens an engine. */
  open(): Promise<Gpu>;
  /** Takes note of an engine, to end it with the command. */
  own(gpu: Gpu): void;
}

/** What scoring works with, in a command and on the page. */
export type ScoringContext = Omit<CommandContext, "out">;

/** Options of reading, as the command line gives them. */
export interface Plan extends Omit<Reading, "fit"> {
  readonly size?: readonly [height: number, width: number] | undefined;
}

/** Which adapter numbers come from. */
function adapterLine({ info }: Gpu): string {
  return `adapter  ${adapterWords(info) || "unnamed"}${info.software ? "   SOFTWARE, no GPU" : ""}`;
}

/** An engine, which the command says that it uses. */
export async function openedGpu(context: ScoringContext): Promise<Gpu> {
  const gpu = await context.open();
  context.own(gpu);
  context.terminal.say(adapterLine(gpu));
  return gpu;
}

/** How inputs are read, by the options. */
export function readingOf(where: string, words: Words): Plan {
  const channels = wholeOption(where, words, "channels", 1, 3) as 1 | 3 | undefined;
  checkUsage(channels !== (2 as number), where, () => '--channels is out of range. Expected 1 or 3; got "2".');
  return {
    onError: choiceOption(where, words, "on-error", ["stop", "skip"]),
    channels,
    layout: words.options.has("layout") ? choiceOption(where, words, "layout", ["nhwc", "nchw"] as const) : undefined,
    array: words.options.get("array"),
    recursive: words.options.has("recursive"),
    maxPixels: wholeOption(where, words, "max-pixels", 1, 2 ** 30) ?? 2 ** 26,
    size: sizeOf(where, words.options.get("resize")),
  };
}

function sizeOf(where: string, text: string | undefined): readonly [number, number] | undefined {
  if (text === undefined) return undefined;
  const [, height, width = height] = /^(\d{1,4})(?:x(\d{1,4}))?$/.exec(text) ?? [];
  const size = [Number(height), Number(width)] as const;
  checkUsage(
    size.every((pixels) => pixels >= 1),
    where,
    () => `--resize is out of range. Expected N or HxW, each from 1 to 9999; got ${JSON.stringify(text)}.`,
  );
  return size;
}

/** PIL's antialiased bicubic on floats, cut to 0 … 1. */
export function fitOn(gpu: Gpu, { size }: Plan): Pick<Reading, "fit"> {
  if (!size) return {};
  return {
    async fit([channels, height, width], pixels) {
      const x = imagesOn(gpu, pixels, [1, channels, height, width]);
      const y = gpu.within(() => clamp(resize(x, size, { rule: "pil", mode: "bicubic" }), 0, 1));
      try {
        return { shape: [channels, ...size], pixels: (await y.read()) as Float32Array };
      } finally {
        y.dispose();
        x.dispose();
      }
    },
  };
}
