import type { Place } from "./dispatch.ts";
import type { Plan } from "./plan.ts";

/** The plan as text: one line per dispatch, with what was fused, the grid, and the buffers (← read, → written). */
export function explain({ prelude, dispatches, memory, flops }: Plan): string {
  const name = (place: Place): string => ("leaf" in place ? `leaf${place.leaf}` : `b${memory.indexOf(place)}`);
  const lines = dispatches.map(({ label, source, buffers, groups }, i) => {
    const list = buffers.map(
      ({ ref, writes }) => `${writes ? "→" : "←"}${name(ref.place)}${ref.offset ? `+${ref.offset}` : ""}`,
    );
    const calls = [...source.code.matchAll(/^ {2}let t\d+ = (\w+)\(/gm)]
      .map((m) => m[1]!)
      .filter((f) => !/^(bitcast|scalar)/.test(f));
    return `${String(i).padStart(3)}  ${label}${calls.length ? `  {${calls.join(" ")}}` : ""}  (${groups.join("×")})  ${list.join(" ")}`;
  });
  const bytes = memory.buffers.reduce((a, b) => a + b, 0);
  return [
    `${dispatches.length} dispatches (and ${prelude.length} once), ${flops} flops, ${memory.buffers.length} buffers of ${bytes} bytes`,
    ...lines,
  ].join("\n");
}
