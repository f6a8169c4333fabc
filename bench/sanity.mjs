// npm run bench -- --sanity: how the measures behave where the answer is known. Rows are kept as they come, so a run may be continued.

import { readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { withProgram } from "./program.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const log = (text) => void process.stderr.write(`${text}\n`);

export const USAGE = `npm run bench -- --sanity [options]
  --only 1,2         scenarios (default all 15)
  --measures a,b     pairs of measures by name (default all)
  --repeats n        draws of each point (default 10, the paper's protocol)
  --points n         points of a sweep at most (default 51)
  --rows n           rows of a set at most (default 10000)
  --seed n           of all draws (default 0)
  --float64          on the CPU without a GPU, the pairs that count rows in balls: quicker than a software adapter
  --to file          rows are kept there, and the table beside it as .md (default bench/results/sanity.json)`;

/** Puts `rows` in the place of those of the same scenario and measure. */
const joined = (before, rows) =>
  [
    ...before.filter((old) => !rows.some((row) => row.scenario === old.scenario && row.measure === old.measure)),
    ...rows,
  ].sort((a, b) => a.scenario - b.scenario);

export async function sanity(args) {
  const text = { type: "string" };
  const options = { only: text, measures: text, repeats: text, points: text, rows: text, seed: text, to: text };
  const { values } = parseArgs({
    args,
    options: { ...options, float64: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) return console.log(USAGE);
  const whole = (name, fallback, least = 1) => {
    const value = Number(values[name] ?? fallback);
    if (!Number.isInteger(value) || value < least)
      throw new Error(`sanity: expected --${name} as a whole number from ${least}; got ${values[name]}.`);
    return value;
  };
  const request = {
    only: (values.only?.split(",") ?? []).map(Number),
    measures: values.measures?.split(/,(?! )/) ?? [],
    repeats: whole("repeats", 10),
    points: whole("points", 51, 3),
    rows: whole("rows", 10000, 20),
    seed: whole("seed", 0, 0),
    float64: values.float64 === true,
  };
  await withProgram("sanity/node.ts", async (bench) => {
    const to = values.to ?? join(here, "results/sanity.json");
    let kept = JSON.parse(await readFile(to, "utf8").catch(() => '{"rows":[]}'));
    await bench.sanity(request, {
      say: log,
      async keep(rows, device) {
        kept = {
          about: "npm run bench -- --sanity; criteria in bench/sanity",
          rows: joined(
            kept.rows,
            rows.map((row) => ({ ...row, device })),
          ),
        };
        await writeFile(
          to,
          `${JSON.stringify(kept, (_, v) => (typeof v === "number" ? Number(v.toPrecision(5)) : v))}\n`,
        );
        await writeFile(to.replace(/\.json$/, ".md"), `${bench.page(kept.rows)}\n`);
        log(`written to ${relative(process.cwd(), to)}`);
      },
    });
    console.log(bench.page(kept.rows));
  });
}
