// What a kernel's header says of its registers and of what bounds it, from the registered figures.

import type { Figures, Kernels } from "./figures.ts";
import { VARIANT } from "./judge.ts";

/** What the loop with the most multiply-adds waits for, every wait for memory hidden. */
function boundOf({ multiplyAdds, sharedTime, bound }: Figures): string {
  if (multiplyAdds === 0) return "memory or waits, not multiply-adds";
  if (sharedTime >= 1) return "reads of workgroup memory";
  return bound >= 0.5 ? "multiply-adds" : "instructions beside multiply-adds";
}

/**
 * The line of each kernel file that AMD's figures name, by the file's name. Registers are the most of an invocation, among all entry
 * points in use by default; the bound is that of the entry point with the most multiply-adds in its loop.
 */
export function headerLines(devices: {
  readonly [device: string]: { readonly kernels: Kernels };
}): Map<string, string> {
  const found = new Map<string, Figures[]>();
  for (const [device, { kernels }] of Object.entries(devices)) {
    if (!device.startsWith("navi")) continue;
    for (const [kernel, figures] of Object.entries(kernels)) {
      // "cholesky, 512: cholesky.start": a job, a file and its entry point; maps are named for their ops
      const file = /: (\w+)\.\w+$/.exec(kernel)?.[1];
      if (file && !kernel.startsWith(VARIANT)) found.set(file, [...(found.get(file) ?? []), figures]);
    }
  }
  const lines = [...found].map(([file, all]): [string, string] => {
    const registers = Math.max(...all.map((figures) => figures.registers));
    const heaviest = all.reduce((a, b) => (b.multiplyAdds > a.multiplyAdds ? b : a));
    return [file, `registers  at most ${registers} an invocation on RDNA 2 and 3; bound by ${boundOf(heaviest)}`];
  });
  return new Map(lines);
}
