// The stress in a page of Chrome, whose GPU process the runner ends when asked.
import { openGpu } from "../../src/index.ts";
import type { Open } from "./call.ts";
import { pause } from "./harness.ts";
import { report, stress } from "./random.ts";

declare const say: (line: string) => Promise<void>;
declare const crash: () => Promise<void>;

/** Chrome needs a moment after a crash before it has an adapter again. */
const open: Open = async (options = {}) => {
  for (let tries = 1; ; tries++) {
    try {
      return await openGpu(options);
    } catch (error) {
      const isAway = ["unsupported", "device-lost"].includes((error as { code?: string }).code ?? "");
      if (!isAway || tries === 100) throw error;
      await pause(100);
    }
  }
};

async function run(count: number, seconds: number, seed: number): Promise<boolean> {
  const print = (line: string): void => void say(line);
  return report(await stress({ count, most: 1000 * seconds, seed, open, crash, say: print }), print);
}

Object.assign(globalThis, { run });
