import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadMnistNode } from "../../data/mnist-node.ts";
import { openNodeGpu, writeFileWhole } from "../../node.ts";
import { checkModels, type PresetRequest, standingReport } from "../presets.ts";
import { pollOnceAMillisecond } from "../command/poll.ts";
import { seldom } from "../seldom.ts";
import { COMPONENTS } from "./codes.ts";
import { familyContext } from "./context.ts";
import { keyOf } from "./fit.ts";
import type { FamilyReport, FamilyRow } from "./row.ts";
import { judged } from "./run.ts";
import { scoresOf } from "./scores.ts";
import { familyPresets, type FamilySettings, type Member, members } from "./settings.ts";
import { storeIn } from "./store.ts";
import { markdown } from "./table.ts";

/** The report as text, with the key of each row: what a later run looks at to see which rows stand. */
type Stored = FamilyReport & { readonly keys: { readonly [model: string]: string } };

/** Trains and measures the family; rows that stand in the report with the same settings are kept. Writes the table as Markdown beside it, and returns it. */
export async function family(
  request: PresetRequest<FamilySettings>,
): Promise<{ readonly report: FamilyReport; readonly table: string }> {
  const { preset, seed, models, out, store, signal, tell } = request;
  const settings = { ...familyPresets[preset], ...request.settings };
  const list = members(settings);
  checkModels("family", models, list.map(({ name }) => name)); // prettier-ignore
  const mnist = await loadMnistNode();
  pollOnceAMillisecond();
  const gpu = await openNodeGpu();
  try {
    tell(`adapter ${gpu.info.description}${gpu.info.software ? ", software" : ""}; preset ${preset}, seed ${seed}`);
    const context = await familyContext(gpu, mnist, settings, seed);
    const before = standingReport<Stored>(out);
    const rowKey = (member: Member): string =>
      JSON.stringify([keyOf(member, context), settings, context.digits.checksum]);
    const rows = new Map<string, FamilyRow>();
    for (const member of list) {
      const row = before?.rows.find(({ model }) => model === member.name);
      if (row && before?.keys[member.name] === rowKey(member)) rows.set(member.name, row);
    }
    const accuracy = await context.digits.accuracy(context.test.grey);
    const baseline = await scoresOf(context, context.test.grey);
    const report = (): Stored => ({
      schema: 1,
      tool: "latentgpu",
      preset,
      seed,
      adapter: gpu.info.description,
      software: gpu.info.software,
      settings,
      features: { name: context.digits.name, checksum: context.digits.checksum, accuracy },
      baseline,
      components: COMPONENTS,
      rows: list.flatMap(({ name }) => rows.get(name) ?? []),
      keys: Object.fromEntries(
        list.filter(({ name }) => rows.has(name)).map((member) => [member.name, rowKey(member)]),
      ),
    });
    for (const member of list) {
      if (rows.has(member.name) || (models && !models.includes(member.name))) continue;
      signal?.throwIfAborted();
      const start = performance.now();
      const say = seldom((status) => tell(`  ${member.name}: ${status}`));
      const { row, png } = await judged(context, member, storeIn(store), say, signal);
      rows.set(member.name, row);
      mkdirSync(join(dirname(out), "family"), { recursive: true });
      await writeFileWhole(join(dirname(out), "family", `${member.name}.png`), png);
      await writeFileWhole(out, new TextEncoder().encode(`${JSON.stringify(report(), undefined, 1)}\n`));
      tell(`${member.name}: ${summary(row)}; ${Math.round((performance.now() - start) / 1000)} s`);
    }
    const found = report();
    const table = markdown(found);
    await writeFileWhole(out.replace(/\.json$/, ".md"), new TextEncoder().encode(`${table}\n`));
    return { report: found, table };
  } finally {
    gpu.dispose();
  }
}

const summary = ({ reconstruction, kl, prior, mixture, codes }: FamilyRow): string =>
  [
    `R ${reconstruction.toFixed(1)}`,
    ...(kl === undefined ? [] : [`KL ${kl.toFixed(1)}`]),
    `FD ${prior.frechet.value.toFixed(1)}`,
    ...(mixture ? [`with a mixture ${mixture.frechet.value.toFixed(1)}`] : []),
    ...(codes ? [`precision@10 ${codes.retrieval.value.toFixed(3)}`] : []),
  ].join(", ");
