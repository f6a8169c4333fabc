// Reads what ACO, the compiler of Mesa's RADV, says of a kernel.

import type { Figures, Statistics } from "./figures.ts";
import { hottest, type Loop } from "./loops.ts";

/** A line of assembly: an instruction with its operands, or a label. */
interface Line {
  readonly op: string;
  readonly text: string;
  readonly label?: string;
}

function linesOf(assembly: string): Line[] {
  const lines: Line[] = [];
  for (const raw of assembly.split("\n")) {
    const text = raw.split(";")[0]!.trim();
    const again = /^\(then repeated (\d+) times\)/.exec(text);
    const label = /^(BB\d+):$/.exec(text)?.[1];
    if (again) for (let i = 0; i < Number(again[1]); i++) lines.push(lines.at(-1)!);
    else if (label) lines.push({ op: "", text, label });
    else if (text) lines.push({ op: text.split(/\s/)[0]!, text });
  }
  return lines;
}

function loopsOf(lines: readonly Line[]): Loop[] {
  const at = new Map(lines.flatMap(({ label }, i) => (label ? [[label, i] as const] : [])));
  const ends = new Map<number, number>();
  for (const [i, { op, text }] of lines.entries()) {
    const target = /^s_c?branch/.test(op) ? at.get(text.split(/\s+/)[1]!) : undefined;
    if (target !== undefined && target <= i) ends.set(target, i + 1);
  }
  return [...ends].map(([from, to]) => ({ from, to }));
}

const MULTIPLY_ADD = /^v_(pk_)?(fma|fmac|fmaak|fmamk|mac|mad)_f(32|16)/;
/** A quarter of the rate. */
const SLOW = /^v_(mul_(lo|hi)_[ui]32|mad_[ui]64|rcp|rsq|sqrt|exp|log|sin|cos)/;

const BYTES: { readonly [suffix: string]: number } = {
  b64: 8,
  dwordx2: 8,
  b96: 12,
  dwordx3: 12,
  b128: 16,
  dwordx4: 16,
};

const bytesOf = (op: string): number => (/2addr|read2/.test(op) ? 2 : 1) * (BYTES[op.split("_").at(-1)!] ?? 4);

function mixOf(lines: readonly Line[]) {
  const mix = { multiplyAdds: 0, vector: 0, slow: 0, sharedBytes: 0, loads: 0, waits: 0 };
  for (const { op, text } of lines) {
    if (op.startsWith("v_")) {
      mix.vector++;
      if (MULTIPLY_ADD.test(op)) mix.multiplyAdds++;
      if (SLOW.test(op)) mix.slow++;
    } else if (/^ds_(load|read)/.test(op)) mix.sharedBytes += bytesOf(op);
    else if (/^(buffer|global|flat|scratch)_load/.test(op)) mix.loads++;
    else if (op.startsWith("s_waitcnt") && text.includes("vmcnt(0)")) mix.waits++;
  }
  return mix;
}

/** Figures of one kernel, from its statistics and its assembly. */
export function amd(statistics: Statistics, assembly: string, wave: number): Figures {
  const lines = linesOf(assembly);
  const mix = ({ from, to }: Loop) => mixOf(lines.slice(from, to));
  const { inner, around } = hottest(loopsOf(lines), (loop) => {
    const { multiplyAdds, vector, loads } = mix(loop);
    return 1000 * multiplyAdds + vector + 4 * loads;
  });
  const hot = inner ? mix(inner) : mixOf(lines);
  const number = (name: string): number => Number(statistics[name] ?? 0);
  const waits = around ? mix(around).waits - hot.waits : 0;
  return {
    registers: number("VGPRs"),
    spills: number("Spilled VGPRs") + number("Spilled SGPRs"),
    shared: number("LDS size"),
    waves: number("Subgroups per SIMD") / (wave / 32),
    multiplyAdds: hot.multiplyAdds,
    instructions: hot.vector,
    bound: hot.multiplyAdds / Math.max(1, hot.vector + 3 * hot.slow),
    // a compute unit takes 64 multiply-adds and reads 128 bytes of workgroup memory a clock
    sharedTime: hot.multiplyAdds ? hot.sharedBytes / 2 / hot.multiplyAdds : 0,
    waits: hot.waits,
    waitsAround: waits,
    loopSpills: 0,
  };
}
