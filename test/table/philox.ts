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

/** Element i of random.gamma of shape a, by Marsaglia and Tsang: attempt k has k + 1 as the last word of its counter. */
export function gammaAt(i: number, a: number, { seed, stream = 0, step = 0 }: Stream): number {
  const word = (last: number) => philox([i, step, stream, last], [seed >>> 0, Math.floor(seed / 2 ** 32)]);
  const d = (a < 1 ? a + 1 : a) - 1 / 3;
  for (let k = 1; k <= 16; k++) {
    const [p, q, r] = word(k) as [number, number, number];
    const angle = (Math.floor(q / 2 ** 30) + (((q & 0x3fffffff) >>> 7) + 0.5) * 2 ** -23) * (Math.PI / 2);
    const z = Math.sqrt(-2 * Math.log(unit(p))) * Math.cos(angle);
    const v = (1 + z / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(unit(r)) < (z * z) / 2 + d - d * v + d * Math.log(v))
      return d * v * (a < 1 ? unit(word(2 ** 32 - 1)[0]!) ** (1 / a) : 1);
  }
  return d;
}
