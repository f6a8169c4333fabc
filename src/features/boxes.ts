/** What a detector found, in pixels of the image that it was given. */
export interface Box {
  /** Its left edge. */
  readonly x: number;
  /** Its upper edge. */
  readonly y: number;
  /** To the right. */
  readonly width: number;
  /** Downwards. */
  readonly height: number;
  /** How sure the detector is, in [0, 1]. */
  readonly score: number;
  /** Points within it, in the detector's order, where it has any. */
  readonly keypoints?: readonly Point[];
  /** What it is, where the detector knows several kinds of things. */
  readonly label?: string;
}

/** A place in an image, in pixels from its upper left corner. */
export interface Point {
  /** To the right. */
  readonly x: number;
  /** Downwards. */
  readonly y: number;
}

/** 1/(1 + e⁻ˢ). */
export const sigmoid = (s: number): number => 1 / (1 + Math.exp(-s));

/** Area of the intersection over that of the union; 0 where both are empty. */
export function overlapOf(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (!(width > 0 && height > 0)) return 0;
  const common = width * height;
  return common / (a.width * a.height + b.width * b.height - common);
}

/** Highest score first; equals stay in order. */
const byScore = (boxes: readonly Box[]): Box[] => [...boxes].sort((a, b) => b.score - a.score);

/** Greedy suppression: of boxes that overlap by more than `overlap`, the one with the highest score stays. */
export function greedy(boxes: readonly Box[], overlap: number): Box[] {
  const selected: Box[] = [];
  for (const box of byScore(boxes)) if (selected.every((other) => overlapOf(box, other) <= overlap)) selected.push(box);
  return selected;
}

/**
 * Weighted suppression: the box with the highest score takes the mean, weighted by score, of the corners and keypoints of all that
 * overlap it by more than `overlap`, itself included, and keeps its score; the rest goes on alike. Source: MediaPipe, BlazeFace.
 */
export function weighted(boxes: readonly Box[], overlap: number): Box[] {
  const merged: Box[] = [];
  let rest = byScore(boxes);
  while (rest.length > 0) {
    const best = rest[0]!;
    const same = rest.filter((box) => box === best || overlapOf(box, best) > overlap);
    rest = rest.filter((box) => !same.includes(box));
    const total = same.reduce((sum, { score }) => sum + score, 0);
    const mean = (of: (box: Box) => number) => same.reduce((sum, box) => sum + box.score * of(box), 0) / total;
    const keypoints = best.keypoints?.map((_, k) => ({
      x: mean((box) => box.keypoints![k]!.x),
      y: mean((box) => box.keypoints![k]!.y),
    }));
    merged.push({
      x: mean(({ x }) => x),
      y: mean(({ y }) => y),
      width: mean(({ width }) => width),
      height: mean(({ height }) => height),
      score: best.score,
      ...(best.label === undefined ? {} : { label: best.label }),
      ...(keypoints ? { keypoints } : {}),
    });
  }
  return merged;
}
