import { concat, type Gpu, nearest, rarity } from "../../../index.ts";
import type { HostRows } from "../../command/gather.ts";
import type { ScoredSet } from "../../command/scoring.ts";
import type { Source } from "../../command/source.ts";

/** A picture to show: channels one after the other, bytes or floats from 0 to 1. */
export interface Tile {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Uint8Array | Float32Array;
}

/** A generated image and the real ones nearest to it, with their distances in the space of the features. */
export interface Neighbours {
  readonly generated: Tile;
  readonly nearest: readonly { readonly tile: Tile; readonly distance: number }[];
}

/** Some samples of a set inside and outside of the other set's balls. */
export interface Manifold {
  /** How many of the set lie inside, and how many there are. */
  readonly inside: number;
  readonly count: number;
  readonly insiders: readonly Tile[];
  readonly outsiders: readonly Tile[];
}

/** What a person looks at beside the numbers. */
export interface Gallery {
  readonly neighbours: readonly Neighbours[];
  /** Generated images and the real manifold; missing where a set has no k other rows. */
  readonly precision?: Manifold;
  /** Real images and the generated manifold. */
  readonly recall?: Manifold;
}

/** Pictures in a row, and neighbours of each. */
const SHOWN = 8;
const NEIGHBOURS = 4;
/** Balls reach to this other row, as in precisionRecall. */
export const K = 3;
/** Most samples of a set whose rows are kept for pictures alone. */
const MOST = 10_000;

/** Whether pictures can be shown of these sources: two sets of images, not too many. */
export const canPicture = (sources: readonly Source[]): boolean =>
  sources.length === 2 && sources.every(({ isImages, total }) => isImages && total <= MOST);

/** At most `SHOWN` of these, from the first to the last. */
const sampled = (indices: readonly number[]): number[] => {
  const shown = Math.min(SHOWN, indices.length);
  return Array.from({ length: shown }, (_, i) => indices[Math.floor((i * indices.length) / shown)]!);
};

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Looks up the pictures of two scored sets whose rows were kept: those of the generated set, and of the real one. */
export async function galleryOf(
  [generated, real]: readonly [ScoredSet, ScoredSet],
  run: { readonly gpu: Gpu; readonly signal: AbortSignal },
): Promise<Gallery> {
  const [ofGenerated, ofReal] = [generated.gathered.rows!, real.gathered.rows!];
  const neighbours = await neighboursOf(generated.source!, ofGenerated, real.source!, ofReal, run);
  if (Math.min(ofGenerated.count, ofReal.count) <= K) return { neighbours };
  return {
    neighbours,
    precision: await manifoldOf(ofReal, ofGenerated, generated.source!, run),
    recall: await manifoldOf(ofGenerated, ofReal, real.source!, run),
  };
}

async function neighboursOf(
  source: Source,
  rows: HostRows,
  realSource: Source,
  real: HostRows,
  { signal }: { readonly signal: AbortSignal },
): Promise<Neighbours[]> {
  const chosen = sampled(range(rows.count));
  const k = Math.min(NEIGHBOURS, real.count);
  const parts = chosen.map((index) => rows.batch(index, 1));
  const all = concat(parts, 0);
  try {
    const { indices, distances } = await nearest(all, real, k, { signal });
    const found: Neighbours[] = [];
    for (const [i, index] of chosen.entries()) {
      const ranks = range(k).map((rank) => i * k + rank);
      const tiles = await tilesOf(realSource, ranks.map((at) => indices[at]!)); // prettier-ignore
      found.push({
        generated: (await tilesOf(source, [index]))[0]!,
        nearest: tiles.map((tile, rank) => ({ tile, distance: distances[ranks[rank]!]! })),
      });
    }
    return found;
  } finally {
    for (const tensor of [all, ...parts]) tensor.dispose();
  }
}

/** Which points lie in the closed balls around `balls`, the same that precisionRecall counts. */
async function manifoldOf(
  balls: HostRows,
  points: HostRows,
  source: Source,
  { gpu, signal }: { readonly gpu: Gpu; readonly signal: AbortSignal },
): Promise<Manifold> {
  const { values } = await rarity(balls, points, { gpu, k: K, signal, interval: false });
  const inside = range(points.count).filter((i) => values[i]! < Infinity);
  const outside = range(points.count).filter((i) => values[i]! === Infinity);
  return {
    inside: inside.length,
    count: points.count,
    insiders: await tilesOf(source, sampled(inside)),
    outsiders: await tilesOf(source, sampled(outside)),
  };
}

async function tilesOf(source: Source, indices: readonly number[]): Promise<Tile[]> {
  const tiles: Tile[] = [];
  for (const index of indices) tiles.push({ ...(await source.sample(index)), shape: source.shape });
  return tiles;
}
