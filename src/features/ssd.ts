/** A place that a single-shot detector predicts a box for: centre and size, as fractions of the image. */
export interface Anchor {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const LOWEST = 0.2;
const HIGHEST = 0.95;
const RATIOS = [1, 2, 0.5, 3, 0.3333];

/**
 * Anchors of a single-shot detector of `side` pixels, whose maps have the given strides: row, column, then kind.
 *
 * The scale of map k is s_k = 0.2 + 0.75·k/(maps − 1); an anchor of ratio r is s·√r wide and s/√r high. The first map has three kinds: 0.1 square,
 * and s₀ of ratios 2 and ½; each further one five ratios, and a square of √(s_k·s_{k+1}), with 1 after the last.
 * Source: Liu et al. 2016; MediaPipe's SsdAnchorsCalculator.
 */
export function ssdAnchors(side: number, strides: readonly number[]): Anchor[] {
  const scaleOf = (k: number) => (k < strides.length ? LOWEST + ((HIGHEST - LOWEST) * k) / (strides.length - 1) : 1);
  return strides.flatMap((stride, k) => {
    const cells = Math.ceil(side / stride);
    const scale = scaleOf(k);
    const kinds: readonly (readonly [scale: number, ratio: number])[] =
      k === 0
        ? [[0.1, 1], [scale, 2], [scale, 0.5]] // prettier-ignore
        : [...RATIOS.map((ratio) => [scale, ratio] as const), [Math.sqrt(scale * scaleOf(k + 1)), 1]];
    return Array.from({ length: cells * cells }, (_, cell) =>
      kinds.map(([s, ratio]) => ({
        x: ((cell % cells) + 0.5) / cells,
        y: (Math.floor(cell / cells) + 0.5) / cells,
        width: s * Math.sqrt(ratio),
        height: s / Math.sqrt(ratio),
      })),
    ).flat();
  });
}
