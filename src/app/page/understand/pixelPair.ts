/** Grey levels above it count as bright. */
export const BRIGHT = 0.5;

/** How two pixels go together over images. */
export interface PixelPair {
  /** From −1 to 1; undefined where one of them never changes. */
  readonly correlation: number | undefined;
  /** Images in which the first is bright, and in which it is dark. */
  readonly counts: { readonly bright: number; readonly dark: number };
  /** Of these, the part in which the second is bright; undefined of none. */
  readonly brightAmong: { readonly bright: number | undefined; readonly dark: number | undefined };
}

/** Looks at pixels a and b of images [n, pixels] with values in [0, 1]. */
export function pixelPair(images: Float32Array, pixels: number, a: number, b: number): PixelPair {
  const n = images.length / pixels;
  let [sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0];
  const counts = { bright: 0, dark: 0 };
  const both = { bright: 0, dark: 0 };
  for (let i = 0; i < n; i++) {
    const [x, y] = [images[i * pixels + a]!, images[i * pixels + b]!];
    sumA += x;
    sumB += y;
    squaresA += x * x;
    squaresB += y * y;
    products += x * y;
    const first = x > BRIGHT ? "bright" : "dark";
    counts[first]++;
    if (y > BRIGHT) both[first]++;
  }
  const [varianceA, varianceB] = [squaresA - sumA ** 2 / n, squaresB - sumB ** 2 / n];
  // a pixel that never changes leaves rounding
  const changes = Math.min(varianceA, varianceB) > 1e-9 * n;
  const part = (of: "bright" | "dark") => (counts[of] > 0 ? both[of] / counts[of] : undefined);
  return {
    correlation: changes ? (products - (sumA * sumB) / n) / Math.sqrt(varianceA * varianceB) : undefined,
    counts,
    brightAmong: { bright: part("bright"), dark: part("dark") },
  };
}
