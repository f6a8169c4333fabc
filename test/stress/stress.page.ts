// The stress in a page of Chrome, whose GPU process the runner ends when asked.
import { lagOf, program } from "./lag.ts";
import { report, stress } from "./random.ts";
import { reopen } from "./reopen.ts";

declare const say: (line: string) => Promise<void>;
declare const crash: () => Promise<void>;

function beside(): Worker {
  const listen = "(listen) => addEventListener('message', ({ data }) => listen(data))";
  const text = program(`(${listen})`, "postMessage");
  return new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
}

async function run(count: number, seconds: number, seed: number, calls: string): Promise<boolean> {
  const print = (line: string): void => void say(line);
  const pattern = new RegExp(calls);
  const worker = beside();
  const lag = lagOf({
    onMessage: (listen) => worker.addEventListener("message", ({ data }) => listen(data)),
    send: (message) => worker.postMessage(message),
    end: () => worker.terminate(),
  });
  const outcome = await stress({ count, most: 1000 * seconds, seed, pattern, open: reopen, crash, lag, say: print });
  return report(outcome, print);
}

Object.assign(globalThis, { run });
