// The command line of npm run bench.

import { parseArgs } from "node:util";
import { ENGINES } from "./build.mjs";

export const USAGE = `npm run bench -- [options]
  --only a,b,c       cases whose "workload, size" contains one of these (default all)
  --engines a,b,c    of ${Object.keys(ENGINES).join(", ")} (default all; --node: latentgpu)
  --node             in Node on Dawn, not in headless Chrome
  --safe             Chrome as visitors have it: without --enable-unsafe-webgpu, so on a GPU alone
  --rounds n         blocks per engine and case (default 7)
  --box seconds      measuring time of each engine in a case at most (default 20)
  --profile          GPU time of every dispatch, per engine
  --out              writes bench/results/<device>.json (with --node: <device>-node.json)
  --to file          writes the report there instead
  --csv file         writes the numbers there as CSV, too
  --compare a b      compares two reports and measures nothing
  --sanity           makes the sanity table of the measures instead; --sanity --help says more
  --em               times an iteration of EM beside scikit-learn instead; --em --help says more`;

/** What was asked for. Throws an Error that names what was expected and what came. */
export function options(args = process.argv.slice(2)) {
  const text = { type: "string" };
  const flag = { type: "boolean", default: false };
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      only: text,
      engines: text,
      rounds: text,
      box: text,
      to: text,
      csv: text,
      node: flag,
      safe: flag,
      profile: flag,
      out: flag,
      compare: flag,
      help: { ...flag, short: "h" },
    },
  });
  const whole = (name, fallback) => {
    const value = values[name] === undefined ? fallback : Number(values[name]);
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`bench: --${name} is no number. Expected a whole one from 1; got ${values[name]}.`);
    return value;
  };
  if (values.compare ? positionals.length !== 2 : positionals.length > 0)
    throw new Error(
      `bench: expected ${values.compare ? "two files after --compare" : "options alone"}; got ${positionals.join(" ") || "none"}.`,
    );
  if (values.safe && values.node) throw new Error("bench: --safe is about Chrome. Leave it or --node out.");
  const engines = values.engines?.split(",") ?? (values.node ? ["latentgpu"] : Object.keys(ENGINES));
  for (const engine of engines)
    if (!ENGINES[engine])
      throw new Error(`bench: unknown engine. Expected some of ${Object.keys(ENGINES).join(", ")}; got ${engine}.`);
  return {
    ...values,
    files: positionals,
    request: {
      engines,
      only: values.only?.split(",").filter(Boolean) ?? [],
      rounds: whole("rounds", 7),
      boxSeconds: whole("box", 20),
      profile: values.profile,
      unsafe: !values.safe,
    },
  };
}
