import { uniforms } from "../../bench/random.ts";
import { openNodeGpu } from "../../src/node.ts";
import { parseSafetensors } from "../../src/formats/safetensors.ts";
import { type Gpu, VAE } from "../../src/index.ts";
import { calls } from "./calls.ts";
import { aborted, collect, type Ending, lost, peaceful } from "./harness.ts";

/** Random endings of random long calls, and what they left; ends with a table, and 1 where something was wrong. */
const count = Number(process.argv[2] ?? 1000);
const most = Number(process.argv[3] ?? Number.POSITIVE_INFINITY) * 1000;

const random = uniforms(Number(process.argv[4] ?? 1));
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
/** Short delays as likely as long ones, in ms. */
const delay = (longest: number): number => Math.exp(random() * Math.log(longest));

const began = performance.now();
const endings: Ending[] = [];
const over = (): boolean => performance.now() - began > most;
const gpu: Gpu = await openNodeGpu();
// pipelines once, so that aborts meet work and not only the driver
const alone = new Map<string, number>();
for (const call of calls) {
  const start = performance.now();
  endings.push(...(await peaceful(gpu, call)));
  alone.set(call.name, performance.now() - start);
}
while (endings.length < count && !over()) {
  const call = pick(calls);
  const kind = random();
  const longest = Math.min(4000, Math.max(20, alone.get(call.name)! / 4));
  if (kind < 0.4) endings.push(await lost(openNodeGpu, call, delay(longest)));
  else if (kind < 0.8 && call.aborts) endings.push(await aborted(gpu, call, delay(longest)));
  else endings.push(...(await peaceful(gpu, call)));
  if (endings.length % 50 < 2)
    console.log(`${endings.length} endings, ${endings.filter((e) => e.fault).length} at fault`);
}

/** A training that is lost at random steps and resumed from its last checkpoint ends in the same bits. */
async function resumed(): Promise<string> {
  const images = Uint8Array.from({ length: 64 * 60 }, (_, i) => (i * 7919) % 251);
  const options = { image: [1, 8, 8], hidden: 16, latent: 2 } as const;
  const recipe = { epochs: 3, batch: 16, seed: 5 };
  using whole = new VAE(gpu, options);
  await whole.fit(images, recipe);
  const expected = parseSafetensors(await whole.save()).tensors;
  let last: Uint8Array | undefined;
  for (let losses = 0; ; losses++) {
    const other = losses < 3 ? await openNodeGpu() : gpu;
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
            if (losses < 3 && step >= at) other.device.destroy();
          },
        },
      });
      const { tensors } = parseSafetensors(await vae.save());
      vae.dispose();
      for (const [name, { data }] of expected)
        if (
          Buffer.compare(
            Buffer.from(data.buffer, data.byteOffset, data.byteLength),
            Buffer.from(tensors.get(name)!.data.buffer, tensors.get(name)!.data.byteOffset, data.byteLength),
          ) !== 0
        )
          return `${name} differs after ${losses} losses`;
      return "";
    } catch (error) {
      if ((error as { code?: string }).code !== "device-lost") return String(error);
    } finally {
      if (other !== gpu) other.dispose();
    }
  }
}
const runs = Math.max(1, Math.min(10, Math.round(count / 100)));
let different = 0;
for (let run = 0; run < runs && (run === 0 || !over()); run++) {
  const fault = await resumed();
  if (fault) {
    different++;
    console.log(`resumed: ${fault}`);
  }
}

/** Heap and process after many opened and disposed engines, and after many submits. */

const heap = (): number => (collect(), collect(), process.memoryUsage().heapUsed);
{
  const x = gpu.tensor([1, 2, 3]);
  const step = await gpu.compile((a) => a.mul(2), x);
  for (let i = 0; i < 200; i++) await step.run(x);
  await gpu.idle();
  const before = heap();
  for (let i = 0; i < 3000; i++) await step.run(x);
  await gpu.idle();
  await new Promise((resolve) => setTimeout(resolve, 50));
  console.log(`heap a submit: ${((heap() - before) / 3000).toFixed(1)} bytes`);
  step.dispose();
  x.dispose();
}
{
  for (let i = 0; i < 3; i++) (await openNodeGpu()).dispose();
  const [before, resident] = [heap(), process.memoryUsage().rss];
  for (let i = 0; i < 20; i++) (await openNodeGpu()).dispose();
  await new Promise((resolve) => setTimeout(resolve, 200));
  console.log(
    `an engine opened and disposed: heap ${((heap() - before) / 20 / 1024).toFixed(1)} KiB, process ${((process.memoryUsage().rss - resident) / 20 / 2 ** 20).toFixed(2)} MiB`,
  );
}

const kinds = ["success", "refusal", "abort", "loss"] as const;
for (const kind of kinds) {
  const of = endings.filter((e) => e.kind === kind);
  const times = of.map((e) => e.ms).sort((a, b) => a - b);
  const at = (part: number): string =>
    (times[Math.min(times.length - 1, Math.floor(part * times.length))] ?? 0).toFixed(0);
  console.log(
    `${kind}: ${of.length}, at fault ${of.filter((e) => e.fault).length}, ms median ${at(0.5)}, 99 % ${at(0.99)}, most ${at(1)}`,
  );
}
for (const { call, kind, fault } of endings.filter((e) => e.fault)) console.log(`  ${call}, ${kind}: ${fault}`);
console.log(`resumed runs: ${runs}, different ${different}; ${Math.round((performance.now() - began) / 1000)} s`);
gpu.dispose();
process.exit(endings.some((e) => e.fault) || different > 0 ? 1 : 0);
