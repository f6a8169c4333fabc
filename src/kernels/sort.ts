import type { Lines } from "./argmax.ts";
import { defaultsFor } from "./defaults.ts";
import {
  ceilDiv,
  chosen,
  type DeviceTraits,
  type Kernel,
  type Launch,
  type Launches,
  powerOfTwo,
  sizeClass,
  type Variants,
} from "./launch.ts";
import { permute as shaders } from "./shaders/permute.gen.ts";
import { sort as tiles } from "./shaders/sort.gen.ts";
import { sort_chunks as chunks } from "./shaders/sort_chunks.gen.ts";

type Sizes = Readonly<Record<"width" | "run" | "chunk", number>>;
type Steps = Readonly<Record<"first" | "merge" | "last", Kernel>>;
export type SortVariant = "chunks" | "tiles";
export type SortType = "f32" | "i32" | "u32";

const { LANES, PER } = tiles.whole.constants;
const BLOCK = LANES * PER;
/** Pairs that one invocation merges where no workgroup shares them. */
const CHUNK = 64;
const PAIR_BYTES = 8;

/** Work shared by workgroups through their memory, or done by single invocations without a barrier. */
export const sortVariants = ({ outer, extent, inner }: Lines): Variants<SortVariant> => ({
  class: `sort ${sizeClass(outer * inner, extent)}`,
  names: ["chunks", "tiles"],
  terms: 1,
});

const tiled: Steps = { first: tiles.blocks, merge: tiles.merge_tiles, last: tiles.last_tiles };
const chunked: Steps = { first: chunks.runs, merge: chunks.merge_chunks, last: chunks.last_chunks };
const outputs = { y: { output: 0 }, index: { output: 1 } } as const;

/** Sorts each line of input 0, stably. Output 0: the sorted values; output 1: the index that each value had. */
export function sort(axis: Lines, type: SortType, descending: boolean, traits: DeviceTraits): Launches {
  const { extent, inner } = axis;
  const lines = axis.outer * inner;
  const constants = { TYPE: { f32: 0, i32: 1, u32: 2 }[type] };
  const flip = descending ? 0xffffffff : 0;
  const variant = chosen(sortVariants(axis), traits) ?? (defaultsFor(traits).barriersAreSlow ? "chunks" : "tiles");
  const isTiled = variant === "tiles";
  const x = { input: 0 } as const;
  const launch = (kernel: Kernel, bind: Launch["bind"], groups: number, changed: Partial<Sizes> = {}): Launch => ({
    kernel,
    constants,
    bind,
    params: { lines, extent, inner, width: BLOCK, run: 0, chunk: 0, flip, ...changed },
    groups: [groups, 1, 1],
  });
  if (isTiled && extent <= BLOCK) {
    const width = Math.max(PER, powerOfTwo(extent));
    return { launches: [launch(tiles.whole, { x, ...outputs }, ceilDiv(lines, BLOCK / width), { width })] };
  }
  const [kernels, part] = isTiled ? [tiled, BLOCK] : [chunked, PER];
  const groups = (size: number) =>
    isTiled ? lines * ceilDiv(extent, size) : ceilDiv(lines * ceilDiv(extent, size), LANES);
  const launches = [launch(kernels.first, { x, into: { scratch: 0 } }, groups(part))];
  let run: number = part;
  for (let isLast = false; !isLast; run *= 2) {
    isLast = 2 * run >= extent;
    const pairs = { scratch: (launches.length - 1) % 2 };
    const into = { scratch: launches.length % 2 };
    const chunk = isTiled ? BLOCK : Math.min(CHUNK, 2 * run);
    const bind: Launch["bind"] = isLast ? { pairs, x, ...outputs } : { pairs, into };
    launches.push(launch(isLast ? kernels.last : kernels.merge, bind, groups(chunk), { run, chunk }));
  }
  const bytes = lines * extent * PAIR_BYTES;
  return { launches, scratch: launches.length > 2 ? [bytes, bytes] : [bytes] };
}

/** Elements of input 0 along each line at the places in input 1 (`pick`), or put at those places (`place`). */
export function permute({ outer, extent, inner }: Lines, way: "pick" | "place"): Launches {
  const size = outer * extent * inner;
  const kernel = shaders[way];
  const bind = { x: { input: 0 }, index: { input: 1 }, y: { output: 0 } } as const;
  const groups = [ceilDiv(size, kernel.constants.LANES), 1, 1] as const;
  return { launches: [{ kernel, bind, params: { size, extent, inner }, groups }] };
}
