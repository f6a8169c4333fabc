// The stress in a page of Chrome, whose GPU process the runner ends when asked.
import { report, stress } from "./random.ts";
import { reopen } from "./reopen.ts";

declare const say: (line: string) => Promise<void>;
declare const crash: () => Promise<void>;

async function run(count: number, seconds: number, seed: number, calls: string): Promise<boolean> {
  const print = (line: string): void => void say(line);
  const pattern = new RegExp(calls);
  return report(await stress({ count, most: 1000 * seconds, seed, pattern, open: reopen, crash, say: print }), print);
}

Object.assign(globalThis, { run });
