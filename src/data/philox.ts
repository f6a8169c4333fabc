/**
 * Philox-4x32-10 on the CPU: the words that shaders/lib/philox.wgsl draws, for what is made on the host: initial weights,
 * orders of data. Equal on every device.
 *
 *     key = seed (64 bit);   counter = (block, step, stream, 0);   element e takes word e mod 4 of block ⌊e / 4⌋
 *
 * source: Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011
 */

export interface Draw {
  /** A whole number in [0, 2⁵³). */
  readonly seed: number;
  /** Whole numbers in [0, 2³²); draws of another stream or step are independent. */
  readonly stream?: number;
  readonly step?: number;
}

/** The high word of a · b. */
function high(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(cross / 65536)) >>> 0;
}

/** `count` words from element 0 on. */
export function words(count: number, { seed, stream = 0, step = 0 }: Draw): Uint32Array<ArrayBuffer> {
  const result = new Uint32Array(count);
  const low = seed >>> 0;
  const top = Math.floor(seed / 2 ** 32) >>> 0;
  for (let block = 0; 4 * block < count; block++) {
    let [x, y, z, w] = [block, step >>> 0, stream >>> 0, 0];
    let [k0, k1] = [low, top];
    for (let round = 0; round < 10; round++) {
      const first = (high(0xcd9e8d57, z) ^ y ^ k0) >>> 0;
      const third = (high(0xd2511f53, x) ^ w ^ k1) >>> 0;
      [x, y, z, w] = [first, Math.imul(0xcd9e8d57, z) >>> 0, third, Math.imul(0xd2511f53, x) >>> 0];
      k0 = (k0 + 0x9e3779b9) >>> 0;
      k1 = (k1 + 0xbb67ae85) >>> 0;
    }
    const at = 4 * block;
    result[at] = x;
    if (at + 1 < count) result[at + 1] = y;
    if (at + 2 < count) result[at + 2] = z;
    if (at + 3 < count) result[at + 3] = w;
  }
  return result;
}

/** `count` uniform numbers in (−bound, bound), exact multiples of 2⁻²³·bound before rounding. */
export function uniforms(count: number, bound: number, draw: Draw): Float32Array<ArrayBuffer> {
  return Float32Array.from(words(count, draw), (word) => bound * (((word >>> 9) + 0.5) * 2 ** -22 - 1));
}

/** The numbers 0 … count − 1 in an order drawn from `draw` (Fisher–Yates; its bias is below count · 2⁻³²). */
export function permutation(count: number, draw: Draw): Uint32Array<ArrayBuffer> {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const drawn = words(count, draw);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor((drawn[i]! * (i + 1)) / 2 ** 32);
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}
