import { Worker } from "node:worker_threads";
import { openNodeGpu } from "../../src/node.ts";
import { collect, pause } from "./harness.ts";
import { lagOf, program } from "./lag.ts";
import { report, stress } from "./random.ts";

/** The stress on Dawn in Node, and what it leaves of heap and process. Ends with 1 where something was wrong. */
const [count, seconds, seed] = process.argv.slice(2, 5).map(Number) as [number, number, number];
const pattern = new RegExp(process.argv[5]!);
const say = (line: string): void => console.log(line);

const start = `const { parentPort } = require("node:worker_threads");`;
const worker = new Worker(
  start + program(`parentPort.on.bind(parentPort, "message")`, "parentPort.postMessage.bind(parentPort)"),
  {
    eval: true,
  },
);
const lag = lagOf({
  onMessage: (listen) => worker.on("message", listen),
  send: (message) => worker.postMessage(message),
  end: () => void worker.terminate(),
});
const outcome = await stress({ count, most: 1000 * seconds, seed, pattern, open: openNodeGpu, lag, say });

const heap = (): number => (collect(), collect(), process.memoryUsage().heapUsed);
{
  const gpu = await openNodeGpu();
  const x = gpu.tensor([1, 2, 3]);
  const step = await gpu.compile((a) => a.mul(2), x);
  for (let i = 0; i < 200; i++) await step.run(x);
  await gpu.idle();
  const before = heap();
  for (let i = 0; i < 3000; i++) await step.run(x);
  await gpu.idle();
  await pause(50);
  say(`heap a submit: ${((heap() - before) / 3000).toFixed(1)} bytes`);
  gpu.dispose();
}
{
  for (let i = 0; i < 3; i++) (await openNodeGpu()).dispose();
  const [before, resident] = [heap(), process.memoryUsage().rss];
  for (let i = 0; i < 20; i++) (await openNodeGpu()).dispose();
  await pause(200);
  const kib = (heap() - before) / 20 / 1024;
  const mib = (process.memoryUsage().rss - resident) / 20 / 2 ** 20;
  say(`an engine opened and disposed: heap ${kib.toFixed(1)} KiB, process ${mib.toFixed(2)} MiB`);
}
process.exit(report(outcome, say) ? 0 : 1);
