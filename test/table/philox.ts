/** Philox-4x32-10 and what the engine makes of its words, in exact integers and float64. */

function product(a: number, b: number): [high: number, low: number] {
  const wide = BigInt(a >>> 0) * BigInt(b >>> 0);
  return [Number(wide >> 32n), Number(wide & 0xffffffffn)];
}

/** Source: Salmon et al., SC 2011. */
export function philox(counter: readonly [number, number, number, number], key: readonly [number, number]): number[] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = product(0xd2511f53, c0);
    const [high1, low1] = product(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    [k0, k1] = [(k0 + 0x9e3779b9) >>> 0, (k1 + 0xbb67ae85) >>> 0];
  }
  return [c0, c1, c2, c3];
}

export interface Stream {
  readonly seed: number;
  readonly stream?: number;
  readonly step?: number;
}

const words = (block: number, { seed, stream = 0, step = 0 }: Stream): number[] =>
  philox([block, step, stream, 0], [seed >>> 0, Math.floor(seed / 2 ** 32)]);

const unit = (word: number): number => ((word >>> 9) + 0.5) * 2 ** -23;

/** Element i of random.uniform. */
export const uniformAt = (i: number, stream: Stream): number => unit(words(Math.floor(i / 4), stream)[i % 4]!);

/** Element i of random.normal: Box–Muller on words (0, 1) and (2, 3). */
export function normalAt(i: number, stream: Stream): number {
  const word = words(Math.floor(i / 4), stream);
  const pair = i % 4 < 2 ? 0 : 2;
  const radius = Math.sqrt(-2 * Math.log(unit(word[pair]!)));
  const turn = word[pair + 1]!;
  // the angle keeps 23 bits below its quadrant
  const angle = (Math.floor(turn / 2 ** 30) + (((turn & 0x3fffffff) >>> 7) + 0.5) * 2 ** -23) * (Math.PI / 2);
  return radius * (i % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
}
