// What a GPU's compiler made of each kernel: files of driver.c in, figures out.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { amd } from "./amd.ts";
import { intel } from "./intel.ts";

/** What the driver says of a kernel, by its names. */
export type Statistics = { readonly [name: string]: string | number };

/** One kernel on one GPU. Its loop is the innermost one with the most multiply-adds; the whole kernel where it has none. */
export interface Figures {
  /** Vector registers of an invocation; on Intel those that live at once, 0 where the driver does not say. */
  readonly registers: number;
  /** Registers that found no place; on Intel stores and loads of them. */
  readonly spills: number;
  /** Bytes of workgroup memory. */
  readonly shared: number;
  /** Subgroups that a SIMD holds at once; 0 where the driver does not say. */
  readonly waves: number;
  /** In a turn of the loop. */
  readonly multiplyAdds: number;
  /** Vector instructions in a turn of the loop, multiply-adds among them. */
  readonly instructions: number;
  /** Share of the multiply-add peak that the loop's own instructions allow, every wait hidden. */
  readonly bound: number;
  /** Time of the loop's reads of workgroup memory over that of its multiply-adds. */
  readonly sharedTime: number;
  /** Waits for everything that was loaded, in a turn of the loop. */
  readonly waits: number;
  /** The same in a turn of the loop around it. */
  readonly waitsAround: number;
  /** Messages of the loop that are spills. */
  readonly loopSpills: number;
}

/** Figures by `job: kernel`, in the order of compiling. */
export type Kernels = { readonly [kernel: string]: Figures };

interface Compiled {
  readonly label: string;
  readonly subgroup: number;
  readonly executable0: Statistics;
}

const rounded = (figures: Figures): Figures => ({
  ...figures,
  bound: Math.round(figures.bound * 1000) / 1000,
  sharedTime: Math.round(figures.sharedTime * 1000) / 1000,
});

/** Figures of every kernel that driver.c left in `folder`. Throws where it holds none. */
export function figures(folder: string): Kernels {
  const files = readdirSync(folder).toSorted();
  const numbers = files.flatMap((file) => /^(\d{4})\.json$/.exec(file)?.[1] ?? []);
  if (numbers.length === 0)
    throw new Error("bench: the witness compiled nothing. Expected one pipeline or more; got none.");
  const found = numbers.map((number): [string, Figures] => {
    const { label, subgroup, executable0 } = JSON.parse(
      readFileSync(join(folder, `${number}.json`), "utf8"),
    ) as Compiled;
    const [job, text, entry] = label.split("|");
    const listing = files.find((file) => file.startsWith(number) && file.endsWith("Assembly.txt"));
    const assembly = listing ? readFileSync(join(folder, listing), "utf8") : "";
    const ofIntel = "Spill Count" in executable0;
    const read = ofIntel ? intel(executable0, assembly) : amd(executable0, assembly, subgroup);
    return [`${job}: ${text!.split(":")[0] || entry}`, rounded(read)];
  });
  // a kernel that several shapes of one job compile keeps the one with the most work in its loop
  const kernels: { [kernel: string]: Figures } = {};
  for (const [name, each] of found)
    if (!kernels[name] || kernels[name].instructions < each.instructions) kernels[name] = each;
  return kernels;
}
