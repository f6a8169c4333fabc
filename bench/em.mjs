// npm run bench -- --em: an iteration of EM beside scikit-learn's on the same CPU, and as a share of the measured multiply-add peak.

import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { withProgram } from "./program.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const log = (text) => void process.stderr.write(`${text}\n`);

export const USAGE = `npm run bench -- --em [options]
  --only a,b       cases whose name contains one of these, "full" say (default all three)
  --iterations n   iterations that are timed, after one that is not (default 5)
  --rows n         rows at most, from 12000 (default all): a short run that shows that all works
  --fit            fits from nothing, k-means++ included, are timed as well
  --full           times scikit-learn's full covariances beside our low-rank ones, of which it has none: minutes an iteration
  --python file    a Python with scikit-learn (default python3, then /usr/bin/python3; without one ours stands alone)`;

/** The first Python that has scikit-learn, or undefined. */
const pythonOf = (asked) =>
  (asked ? [asked] : ["python3", "/usr/bin/python3"]).find(
    (file) => spawnSync(file, ["-c", "import sklearn.mixture"], { stdio: "ignore" }).status === 0,
  );

export async function em(args) {
  const text = { type: "string" };
  const flag = { type: "boolean", default: false };
  const options = { only: text, iterations: text, rows: text, python: text, fit: flag, full: flag };
  const { values } = parseArgs({ args, options: { ...options, help: { ...flag, short: "h" } } });
  if (values.help) return console.log(USAGE);
  const whole = (name, fallback, least) => {
    const value = Number(values[name] ?? fallback);
    if (!(value >= least) || !(Number.isInteger(value) || value === Infinity))
      throw new Error(`em: expected --${name} as a whole number from ${least}; got ${values[name]}.`);
    return value;
  };
  const request = {
    only: values.only?.split(",").filter(Boolean) ?? [],
    iterations: whole("iterations", 5, 1),
    // fewer fit into one step, of which eight are told of at once
    rows: whole("rows", Infinity, 12_000),
    wholeFit: values.fit,
  };
  const python = pythonOf(values.python);
  if (values.python && !python) throw new Error(`em: ${values.python} has no scikit-learn. Expected one that imports sklearn.mixture.`); // prettier-ignore
  await withProgram("em/node.ts", async (bench, folder) => {
    const ask = async (one, arrays) => {
      if (!python) return null;
      const files = {};
      for (const [name, array] of Object.entries(arrays)) {
        files[name] = join(folder, `${name}.f32`);
        await writeFile(files[name], array);
      }
      const [asked, answered] = ["asked.json", "answered.json"].map((name) => join(folder, name));
      await writeFile(asked, JSON.stringify({ ...request, timesFull: values.full, case: one, files }));
      const { status } = spawnSync(python, [join(here, "em/peer.py"), asked, answered], { stdio: ["ignore", 2, 2] });
      if (status !== 0) throw new Error(`em: bench/em/peer.py ended with ${status}.`);
      return JSON.parse(await readFile(answered, "utf8"));
    };
    console.log(await bench.em(request, ask, log));
  });
}
