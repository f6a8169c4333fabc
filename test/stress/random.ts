import { uniforms } from "../../bench/random.ts";
import { parseSafetensors } from "../../src/formats/safetensors.ts";
import { type Gpu, VAE } from "../../src/index.ts";
import type { Open } from "./call.ts";
import { everyCall } from "./calls.ts";
import { aborted, type Ending, LIMIT, lost, peaceful } from "./harness.ts";
import type { Lag } from "./lag.ts";

export interface Stress {
  /** Endings at least. */
  readonly count: number;
  /** Milliseconds at most. */
  readonly most: number;
  readonly seed: number;
  /** Of the names of calls that are made. */
  readonly pattern: RegExp;
  readonly open: Open;
  /** Ends the process that drives the GPU, where that can be done to this program. */
  readonly crash?: () => unknown;
  /** Tells a late call from a late machine. */
  readonly lag: Lag;
  readonly say: (line: string) => void;
}

/** What came of it. */
export interface Outcome {
  readonly endings: readonly Ending[];
  readonly runs: number;
  /** What was wrong with resumed runs. */
  readonly different: readonly string[];
  readonly seconds: number;
}

/** Random endings of random long calls: after success and refusals of each, losses, aborts and, where it can be done, crashes. */
export async function stress({ count, most, seed, pattern, open, crash, lag, say }: Stress): Promise<Outcome> {
  const random = uniforms(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  /** Short delays as likely as long ones, in ms. */
  const delay = (longest: number): number => Math.exp(random() * Math.log(longest));
  const began = performance.now();
  const isLate = (): boolean => performance.now() - began > most;
  const endings: Ending[] = [];
  let gpu: Gpu | null = null;
  /** The gpu of calls that end well; another one after a fault or a crash. */
  const shared = async (): Promise<Gpu> => (gpu ??= await open());
  const renew = (): void => {
    gpu?.dispose();
    gpu = null;
  };
  const add = (ended: readonly Ending[]): void => {
    endings.push(...ended);
    const faults = ended.filter(({ fault }) => fault);
    for (const { call, kind, fault } of faults) say(`  ${call}, ${kind}: ${fault}`);
    if (faults.length) renew();
  };
  const lose = crash && (() => (renew(), crash()));
  // pipelines once, so that aborts meet work and not only the driver
  const alone = new Map<string, number>();
  for (const call of everyCall.filter(({ name }) => pattern.test(name))) {
    if (isLate()) break;
    const ended = await peaceful(await shared(), open, call);
    add(ended);
    alone.set(call.name, ended[0]!.ms);
  }
  const known = everyCall.filter(({ name }) => alone.has(name));
  for (let told = 0; endings.length < count && !isLate();) {
    const call = pick(known);
    const kind = random();
    const longest = Math.min(4000, Math.max(20, alone.get(call.name)! / 2));
    if (lose && kind < 0.3) add([await lost(open, call, delay(longest), { kind: "crash", lose, lag })]);
    else if (kind < 0.4) add([await lost(open, call, delay(longest), { lag })]);
    else if (kind < 0.8 && call.aborts) add([await aborted(await shared(), open, call, delay(longest), { lag })]);
    else add(await peaceful(await shared(), open, call));
    if (endings.length - told < 50) continue;
    told = endings.length;
    say(`${told} endings, ${endings.filter((e) => e.fault).length} at fault`);
  }
  const runs = Math.max(1, Math.min(10, Math.round(count / 100)));
  const different: string[] = [];
  let run = 0;
  for (; run < runs && (run === 0 || !isLate()); run++) {
    const fault = await resumed(open, random, crash);
    if (fault) different.push(fault);
  }
  renew();
  lag.end();
  return { endings, runs: run, different, seconds: (performance.now() - began) / 1000 };
}

/** A training that is lost at random steps and resumed from its last checkpoint ends in the same bits; "" if it does. */
async function resumed(open: Open, random: () => number, crash?: () => unknown): Promise<string> {
  const images = Uint8Array.from({ length: 64 * 60 }, (_, i) => (i * 7919) % 251);
  const options = { image: [1, 8, 8], hidden: 16, latent: 2 } as const;
  const recipe = { epochs: 3, batch: 16, seed: 5 };
  using gpu = await open();
  const whole = new VAE(gpu, options);
  await whole.fit(images, recipe);
  const expected = parseSafetensors(await whole.save()).tensors;
  let last: Uint8Array | undefined;
  for (let losses = 0; ; losses++) {
    const other = await open();
    const end = crash && random() < 0.5 ? crash : () => other.device.destroy();
    let isEnding = false;
    const at = 1 + Math.floor(random() * 10);
    try {
      const vae = last ? VAE.load(other, last) : new VAE(other, options);
      await vae.fit(images, {
        ...recipe,
        ...(last ? { resume: last } : {}),
        checkpoint: {
          everySteps: 1,
          save(bytes, { step }) {
            last = bytes;
            if (losses >= 3 || step < at || isEnding) return;
            isEnding = true;
            end();
          },
        },
      });
      const { tensors } = parseSafetensors(await vae.save());
      for (const [name, { data }] of expected)
        if (!sameBytes(data, tensors.get(name)!.data)) return `${name} differs after ${losses} losses`;
      return "";
    } catch (error) {
      if ((error as { code?: string }).code !== "device-lost") return String(error);
    } finally {
      if (isEnding) await other.lost;
      other.dispose();
    }
  }
}

function sameBytes(a: ArrayBufferView, b: ArrayBufferView): boolean {
  const [x, y] = [a, b].map((view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)) as [
    Uint8Array,
    Uint8Array,
  ];
  return x.length === y.length && x.every((value, i) => value === y[i]);
}

/** Says what came of it in a table; whether all was well. */
export function report({ endings, runs, different, seconds }: Outcome, say: (line: string) => void): boolean {
  for (const kind of ["success", "refusal", "abort", "loss", "crash"] as const) {
    const of = endings.filter((e) => e.kind === kind);
    if (of.length === 0) continue;
    const times = of.map((e) => e.ms).sort((a, b) => a - b);
    const at = (part: number): string => times[Math.min(times.length - 1, Math.floor(part * times.length))]!.toFixed(0);
    const faults = of.filter((e) => e.fault).length;
    const compiling = of.filter((e) => e.compiling).length;
    const during = compiling ? ` (${compiling} while pipelines compiled)` : "";
    const late = of.filter((e) => e.lag !== undefined && e.ms > LIMIT && !e.fault);
    for (const { call, ms, lag } of late)
      say(
        `  ${call}, ${kind}: ended after ${ms.toFixed(0)} ms, of which timers or the browser were ${lag!.toFixed(0)} ms late`,
      );
    say(`${kind}: ${of.length}${during}, at fault ${faults}, ms median ${at(0.5)}, 99 % ${at(0.99)}, most ${at(1)}`);
  }
  for (const fault of different) say(`  resumed: ${fault}`);
  say(`resumed runs: ${runs}, different ${different.length}; ${endings.length} endings in ${Math.round(seconds)} s`);
  return different.length === 0 && endings.every((e) => !e.fault);
}
