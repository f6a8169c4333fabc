// Reads what the compiler of Mesa's ANV says of a kernel.

import type { Figures, Statistics } from "./figures.ts";
import { hottest, type Loop } from "./loops.ts";

interface Line {
  readonly op: string;
  /** Lanes. */
  readonly width: number;
  readonly text: string;
}

function parse(assembly: string): { lines: Line[]; loops: Loop[] } {
  const lines: Line[] = [];
  const labels = new Map<string, number>();
  const loops: Loop[] = [];
  for (const raw of assembly.split("\n")) {
    const label = /^(LABEL\d+):/.exec(raw)?.[1];
    if (label) {
      labels.set(label, lines.length);
      continue;
    }
    const found = /^(?:\([^)]*\)\s*)?([a-z0-9.]+)\((\d+)\)/.exec(raw);
    // the description of a message stands on the line after it
    if (found) lines.push({ op: found[1]!.split(".")[0]!, width: Number(found[2]), text: raw });
    else if (lines.length > 0 && raw.includes("MsgDesc")) lines.push({ ...lines.pop()!, text: raw });
    const back = labels.get(/while\(\d+\)\s+JIP:\s+(LABEL\d+)/.exec(raw)?.[1] ?? "");
    if (back !== undefined) loops.push({ from: back, to: lines.length });
  }
  return { lines, loops };
}

function mixOf(lines: readonly Line[]) {
  const mix = { multiplyAdds: 0, vector: 0, spills: 0 };
  for (const { op, width, text } of lines) {
    if (/^send[sc]?$/.test(op)) {
      if (/OWORD block|scratch/i.test(text)) mix.spills++;
      continue;
    }
    if (/^(sync|nop|if|else|endif|while|break|jmpi|halt|cont)/.test(op)) continue;
    const passes = Math.max(1, width / 8); // a unit has 8 lanes
    mix.vector += passes;
    if (/^(mad|mac)$/.test(op) && /<\d*>?[^ ]*F/.test(text)) mix.multiplyAdds += passes;
  }
  return mix;
}

/** Figures of one kernel, from its statistics and its assembly; instructions count passes of 8 lanes. */
export function intel(statistics: Statistics, assembly: string): Figures {
  const { lines, loops } = parse(assembly);
  const mix = ({ from, to }: Loop) => mixOf(lines.slice(from, to));
  const { inner } = hottest(loops, (loop) => 1000 * mix(loop).multiplyAdds + mix(loop).vector);
  const hot = inner ? mix(inner) : mixOf(lines);
  const number = (name: string): number => Number(statistics[name] ?? 0);
  return {
    registers: number("Max live registers"),
    spills: number("Spill Count") + number("Fill Count"),
    shared: number("Workgroup Memory Size"),
    waves: 0,
    multiplyAdds: hot.multiplyAdds,
    instructions: hot.vector,
    bound: hot.multiplyAdds / Math.max(1, hot.vector),
    sharedTime: 0,
    waits: 0,
    waitsAround: 0,
    loopSpills: inner ? hot.spills : 0,
  };
}
