import { readFileSync } from "node:fs";

/** What a command was asked for that trains models in Node, by a preset of settings S: `family` and `faces`. */
export interface PresetRequest<S> {
  readonly preset: "quick" | "full";
  readonly seed: number;
  /** Models that take part, by name; all without it. */
  readonly models?: readonly string[];
  /** The report, <command>.json; its table and a folder of pictures, both named <command>, go beside it. */
  readonly out: string;
  /** A folder for what is kept between runs. */
  readonly store: string;
  /** Other settings than the preset's, for tests. */
  readonly settings?: Partial<S>;
  readonly signal?: AbortSignal;
  readonly tell: (text: string) => void;
}

/** What every report of such a command says first. */
export interface PresetReport<S> {
  readonly schema: 1;
  readonly tool: "latentgpu";
  readonly preset: string;
  readonly seed: number;
  readonly adapter: string;
  readonly software: boolean;
  readonly settings: S;
}

/** Throws an error naming the first of `asked` that is none of `names`. */
export function checkModels(command: string, asked: readonly string[] | undefined, names: readonly string[]): void {
  const unknown = asked?.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new Error(`${command}: unknown model. Expected some of ${names.join(", ")}; got ${unknown}.`);
}

/** The report that stands in a file, or null. */
export function standingReport<R>(file: string): R | null {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as R;
  } catch {
    return null;
  }
}
