import type { Device } from "../device/device.ts";
import { check, LatentError, quote } from "../device/errors.ts";

/** The package's version: kernels change with it, and what was measured on others says nothing. */
export const ENGINE = "0.1.0";

const FORMAT = "latentgpu tuning 1";

/** Where choices were measured. Browsers hide the driver, so that the user agent stands for it. */
export interface TunedDevice {
  /** Version of the kernels. */
  readonly engine: string;
  /** Who made the GPU. */
  readonly vendor: string;
  /** Its family. */
  readonly architecture: string;
  /** Its number. */
  readonly device: string;
  /** Its name. */
  readonly description: string;
  /** Its optional features. */
  readonly features: string;
  /** The browser or runtime. */
  readonly agent: string;
}

/** Which kernel to take for which class of sizes, as plain JSON. */
export interface TuningTable {
  /** Which version of this format it is. */
  readonly format: typeof FORMAT;
  /** Where the choices were measured. */
  readonly device: TunedDevice;
  /** Class of work → name of the kernel. */
  readonly choices: { readonly [className: string]: string };
}

/**
 * The choices in force on one gpu: none until `gpu.tune`, or until `import` brings those of an earlier time.
 *
 *     const tuning: Tuning = gpu.tuning;
 *     tuning.import(tuning.export());
 */
export class Tuning {
  readonly #choices = new Map<string, string>();
  readonly #device: TunedDevice;
  readonly #changed: () => void;

  /** @internal `changed` is called whenever other kernels may be chosen from now on. */
  constructor(device: Device, changed: () => void) {
    this.#device = tunedDevice(device);
    this.#changed = changed;
  }

  /** Class of work → name of the kernel. */
  get choices(): ReadonlyMap<string, string> {
    return this.#choices;
  }

  /** @internal Names this device with its driver and engine. */
  get key(): string {
    return JSON.stringify(this.#device);
  }

  /** The choices as plain JSON, for `import` on the same adapter, driver and engine version. */
  export(): TuningTable {
    return { format: FORMAT, device: this.#device, choices: Object.fromEntries(this.#choices) };
  }

  /**
   * Takes the table's choices instead of those in force; programs compiled before keep theirs.
   * Throws LatentError: "format" if it is not a whole table, "wrong-device" if it was measured elsewhere. Nothing changes then.
   */
  import(table: unknown): void {
    const choices = this.parse("tuning.import", table);
    this.#choices.clear();
    this.add(choices);
  }

  /** @internal */
  add(choices: ReadonlyMap<string, string>): void {
    for (const [name, variant] of choices) this.#choices.set(name, variant);
    this.#changed();
  }

  /** @internal The choices of a table, which must be a whole one of this device. */
  parse(where: string, table: unknown): Map<string, string> {
    const whole = plainObject(where, "a table { format, device, choices }", table, ["format", "device", "choices"]);
    check(whole["format"] === FORMAT, "format", where, () => {
      return `unknown format. Expected ${quote(FORMAT)}; got ${quote(String(whole["format"]))}.`;
    });
    const device = plainObject(where, "device", whole["device"], Object.keys(this.#device));
    for (const [name, own] of Object.entries(this.#device))
      check(device[name] === own, "wrong-device", where, () => {
        const got = quote(String(device[name]));
        return `measured elsewhere: ${name} differs. Expected ${quote(own)}; got ${got}. Tune again with gpu.tune().`;
      });
    const choices = Object.entries(plainObject(where, "choices", whole["choices"]));
    for (const [name, variant] of choices)
      check(typeof variant === "string", "format", where, () => {
        return `expected a kernel's name for ${quote(name)}; got ${typeof variant}.`;
      });
    return new Map(choices as [string, string][]);
  }
}

/** `value` as a plain object, with exactly these names if they are given. */
function plainObject(where: string, what: string, value: unknown, names?: readonly string[]) {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  check(isRecord, "format", where, () => `expected ${what} as an object; got ${quote(String(value))}.`);
  const found = Object.keys(value);
  if (names && (found.length !== names.length || !names.every((name) => Object.hasOwn(value, name))))
    throw new LatentError(
      "format",
      `${where}: expected ${what} with ${names.join(", ")}; got ${quote(found.join(", "))}.`,
    );
  return value as { readonly [name: string]: unknown };
}

function tunedDevice({ gpu, info }: Device): TunedDevice {
  const { vendor, architecture, description, features } = info;
  return {
    engine: ENGINE,
    vendor,
    architecture,
    device: gpu.adapterInfo?.device ?? "",
    description,
    features: features.join(" "),
    agent: globalThis.navigator?.userAgent ?? "",
  };
}
