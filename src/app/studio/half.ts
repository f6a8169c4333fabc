/** Largest float that half precision rounds to a finite number, exclusive: 65,504 and half a unit of its last place. */
const LIMIT = 65_520;

/**
 * IEEE half precision of each value as its 16 bits, rounded to nearest, ties to even; what is beyond ±65,504 becomes
 * infinite.
 */
export function halfPrecision(values: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(values, halfOf);
}

function halfOf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(size)) return 0x7e00;
  if (size >= LIMIT) return sign | 0x7c00;
  // below 2⁻¹⁴ units are 2⁻²⁴ apart; a float64 holds every quotient exactly
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  let units = size / 2 ** (exponent - 10);
  const below = Math.floor(units);
  const rest = units - below;
  units = rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
  // a mantissa that rounds up to the next power of two carries into the exponent by itself
  return sign | (((exponent + 14) << 10) + units);
}
