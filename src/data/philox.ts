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

/** The high word of a · b, for whole numbers below 2³²; every sum below stays under 2³² too. */
function high(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (cross >>> 16)) >>> 0;
}

/** `count` words from element 0 on. */
export function words(count: number, { seed, stream = 0, step = 0 }: Draw): Uint32Array<ArrayBuffer> {
  // whole blocks of four; writes beyond `count` fall into the last block's unused words
  const blocks = new Uint32Array(4 * Math.ceil(count / 4));
  const low = seed >>> 0;
  const top = Math.floor(seed / 2 ** 32) >>> 0;
  for (let at = 0; at < blocks.length; at += 4) {
    let x = at / 4;
    let y = step >>> 0;
    let z = stream >>> 0;
    let w = 0;
    let keyLow = low;
    let keyHigh = top;
    for (let round = 0; round < 10; round++) {
      const first = high(0xcd9e8d57, z) ^ y ^ keyLow;
      const third = high(0xd2511f53, x) ^ w ^ keyHigh;
      y = Math.imul(0xcd9e8d57, z) >>> 0;
      w = Math.imul(0xd2511f53, x) >>> 0;
      x = first >>> 0;
      z = third >>> 0;
      keyLow = (keyLow + 0x9e3779b9) >>> 0;
      keyHigh = (keyHigh + 0xbb67ae85) >>> 0;
    }
    blocks[at] = x;
    blocks[at + 1] = y;
    blocks[at + 2] = z;
    blocks[at + 3] = w;
  }
  return blocks.subarray(0, count);
}

/** `count` uniform numbers in (−bound, bound), exact multiples of 2⁻²³·bound before rounding. */
export function uniforms(count: number, bound: number, draw: Draw): Float32Array<ArrayBuffer> {
  const drawn = words(count, draw);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = bound * (((drawn[i]! >>> 9) + 0.5) * 2 ** -22 - 1);
  return values;
}

/** Uniform numbers in (0, 1) from Philox, as shaders/lib/philox.wgsl makes them. */
export const unitUniforms = (count: number, seed: number, stream: number, step = 0): Float64Array =>
  Float64Array.from(uniforms(count, 1, { seed, stream, step }), (u) => (u + 1) / 2);

/** The standard normal number of two uniform ones in (0, 1) (Box and Muller). */
export const normalOf = (u: number, v: number): number => Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);

/** The numbers 0 … count − 1 in an order drawn from `draw` (Fisher–Yates; its bias is below count · 2⁻³²). */
export function permutation(count: number, draw: Draw): Uint32Array<ArrayBuffer> {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  const drawn = words(count, draw);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor((drawn[i]! * (i + 1)) / 2 ** 32);
    const swapped = order[i]!;
    order[i] = order[j]!;
    order[j] = swapped;
  }
  return order;
}
