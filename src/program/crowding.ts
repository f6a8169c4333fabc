import { callsFor, operations } from "../kernels/cost.ts";
import { MAX_SCALARS, MAX_VIEWS } from "../kernels/hook.ts";
import type { DeviceTraits, Launches } from "../kernels/launch.ts";
import { launchesOf, loadHooksOf } from "./launches.ts";
import { type Group, walk } from "./reads.ts";
import { fusableSource, resolveView, type Value } from "./values.ts";

/**
 * Operations that hooks may add to a kernel's text, every copy of a hook counted. A software adapter compiles ten thousand in
 * about a second, and several times as many in minutes.
 */
const MOST_OPERATIONS = 20_000;
/** Calls in one hook. Walks over an expression recurse, so this bounds their depth. */
const MOST_CALLS = 256;
/** How often a map's and a reduction's kernel call their hook, each element of four counted, near enough. */
const COPIES = { map: 10, reduce: 12 } as const;
/** What the index and the load of one element count for. */
const LOAD = 10;

/** What an expression brings along: the values that it reads, the scalars, and its text. */
export interface Load {
  readonly views: ReadonlySet<Value>;
  /** Constants, and where views begin. */
  readonly scalars: ReadonlySet<Value | string>;
  readonly calls: number;
  readonly operations: number;
}

/** Whether a map or reduction with such an expression has room for it in one dispatch, beside `own` buffers. */
export function fits(load: Load, kind: keyof typeof COPIES, traits: DeviceTraits, own = 1): boolean {
  const { views, scalars, calls } = load;
  const buffers = views.size <= Math.min(MAX_VIEWS, traits.maxStorageBuffers - own);
  return buffers && scalars.size <= MAX_SCALARS && calls <= MOST_CALLS && hasRoom(load, COPIES[kind]);
}

const hasRoom = (load: Load, copies: number): boolean => load.operations * copies <= MOST_OPERATIONS;

/** Collects what one node of an expression adds: its own call, and arguments that are not computed in place. */
export class Collector {
  readonly views = new Set<Value>();
  readonly scalars = new Set<Value | string>();
  calls = 0;
  operations = 0;

  call({ what }: Value): void {
    if (what.kind !== "map") return;
    this.calls += callsFor(what.fn);
    this.operations += operations(what.fn);
  }

  read(arg: Value, except?: Value | null): void {
    const { base, offset } = resolveView(arg);
    if (base.what.kind === "constant") this.scalars.add(base);
    else if (base !== except) {
      this.views.add(base);
      // counted in elements and, where that may be, in fours
      if (offset !== 0) this.scalars.add(`${base.id} ${offset}`);
      if (offset !== 0 && offset % 4 === 0) this.scalars.add(`${base.id} ${offset} / 4`);
      this.operations += LOAD;
    }
  }

  merge(load: Load): void {
    for (const view of load.views) this.views.add(view);
    for (const scalar of load.scalars) this.scalars.add(scalar);
    this.calls += load.calls;
    this.operations += load.operations;
  }
}

function loadOf(values: readonly (Value | null | undefined)[], inlined: ReadonlySet<Value>, except?: Value | null) {
  const load = new Collector();
  for (const value of values)
    if (value)
      walk(
        value,
        inlined,
        (arg) => load.read(arg, except),
        (user) => load.call(user),
      );
  return load;
}

/** Whether the hooks of the group's dispatch would need more views, scalars, buffers or text than there are. */
export function isCrowded(group: Group, inlined: ReadonlySet<Value>, traits: DeviceTraits): boolean {
  const { result, producer, sideStore, sideSum, partialSums, followsResult } = group;
  if (result.what.kind === "concat") return concatIsCrowded(result, inlined, traits);
  const sideBuffers = Number(sideStore !== undefined) + Number(sideSum !== undefined);
  const late = [result, sideSum, followsResult ? sideStore : undefined].filter((value) => value !== producer);
  if (producer?.what.kind !== "kernel") {
    const early = [partialSums ? undefined : producer, followsResult ? undefined : sideStore];
    const all = loadOf([...late, ...early], inlined, producer);
    if (!fits(all, "map", traits, 1 + sideBuffers)) return true;
    if (producer === null) return false;
    // what adds up partial results binds these as well
    const addsUp = followsResult && (partialSums || launchesOf(producer, traits).launches.length > 1);
    if (addsUp && !fits(loadOf(late, inlined, producer), "map", traits, 2 + sideBuffers)) return true;
    return !hasRoom(loadOf(early, inlined), COPIES.reduce);
  }
  const loadHooks = loadHooksOf(producer);
  const load = loadOf([...late, sideStore, ...(loadHooks ? [producer] : [])], inlined, producer);
  const launches = launchesOf(producer, traits);
  const views = producer === result && !sideBuffers && !loadHooks ? 0 : load.views.size;
  return (
    views > MAX_VIEWS ||
    load.scalars.size > MAX_SCALARS ||
    ownBuffers(launches) + sideBuffers + views > traits.maxStorageBuffers ||
    !hasRoom(load, copiesIn(launches))
  );
}

/** Each part of a concatenation is a launch of its own. */
function concatIsCrowded(result: Value, inlined: ReadonlySet<Value>, traits: DeviceTraits): boolean {
  return result.args.some(
    (arg) =>
      inlined.has(fusableSource(arg)) && isCrowded({ result: fusableSource(arg), producer: null }, inlined, traits),
  );
}

const main = ({ launches }: Launches) => launches.find((l) => l.takesEpilogue)?.kernel;

const ownBuffers = (launches: Launches): number => Object.keys(main(launches)?.buffers ?? {}).length;

/** How often a kernel's text calls its epilogue, each element of four counted. */
function copiesIn(launches: Launches): number {
  const kernel = main(launches);
  if (!kernel) return 1;
  const vec4Calls =
    kernel.hooks.epilogue_vec4 === undefined ? 0 : (kernel.code.match(/\bepilogue_vec4\(/g)?.length ?? 1) - 1;
  return vec4Calls ? 4 * vec4Calls : (kernel.code.match(/\bepilogue\(/g)?.length ?? 2) - 1;
}
