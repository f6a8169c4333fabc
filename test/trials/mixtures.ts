import { pollOnceAMillisecond } from "../../src/app/command/poll.ts";
import { openNodeGpu } from "../../src/node.ts";
import { fit } from "../mixtureFits.ts";
import { memoryFault, sizeOf } from "../stress/harness.ts";

/** Fits of troublesome rows: counts by outcome, by kind of trouble and by what refusals say, and every fault. Ends with 1 where there is one. */
const [fits = 10_000, seconds = Infinity, seed = 1] = process.argv.slice(2).map(Number);
/** Fits between two looks at the memory. */
const EVERY = 500;
pollOnceAMillisecond();
const gpu = await openNodeGpu();

const outcomes = new Map<string, number>();
const troubles = new Map<string, Map<string, number>>();
const refusals = new Map<string, number>();
const faults: string[] = [];
let slowest = { ms: 0, seed };
const count = (counts: Map<string, number>, name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
const told = (counts: Map<string, number>): string =>
  [...counts].sort(([, a], [, b]) => b - a).map(([name, times]) => `${times} ${name}`).join(", "); // prettier-ignore
/** A message with # in place of its numbers: what fits that are refused alike have in common. */
const shapeOf = (message: string): string => message.replace(/-?\d+(\.\d+)?(e[+-]?\d+)?/g, "#");

await fit(gpu, seed).catch(() => {});
await gpu.idle();
const before = sizeOf(gpu);
const began = performance.now();
let at = 0;
for (; at < fits && performance.now() - began < 1000 * seconds; at++) {
  const start = performance.now();
  try {
    const { outcome, message, troubles: kinds } = await fit(gpu, seed + at);
    count(outcomes, outcome);
    for (const kind of kinds) {
      if (!troubles.has(kind)) troubles.set(kind, new Map());
      count(troubles.get(kind)!, outcome);
    }
    if (message) count(refusals, `${outcome}: ${shapeOf(message)}`);
  } catch (error) {
    count(outcomes, "fault");
    faults.push((error as Error).message);
    console.log((error as Error).message);
  }
  const ms = performance.now() - start;
  if (ms > slowest.ms) slowest = { ms, seed: seed + at };
  if (at % EVERY === EVERY - 1) {
    const fault = await memoryFault(gpu, before);
    if (fault) faults.push(`after fit ${seed + at}, ${fault}`);
    console.log(`${at + 1} fits, ${Math.round((performance.now() - began) / 1000)} s: ${told(outcomes)}`);
  }
}
const fault = await memoryFault(gpu, before);
if (fault) faults.push(`after all, ${fault}`);

console.log(`\n${at} fits from seed ${seed} on ${gpu.info.description}: ${told(outcomes)}`);
console.log(`slowest: ${Math.round(slowest.ms)} ms, seed ${slowest.seed}\n\nby kind of rows`);
for (const [kind, counts] of [...troubles].sort(([a], [b]) => (a < b ? -1 : 1)))
  console.log(`  ${kind}: ${told(counts)}`);
console.log("\nrefusals");
for (const [message, times] of [...refusals].sort(([, a], [, b]) => b - a)) console.log(`  ${times}  ${message}`);
console.log(`\n${faults.length} faults`);
for (const line of faults) console.log(`  ${line}`);
gpu.dispose();
process.exit(faults.length ? 1 : 0);
