/** Side of the box that a digit of MNIST fits into, its centre of mass in the middle of 28 × 28 pixels. */
const BOX = 20;
const SIDE = 28;

/** A grey picture with values in [0, 1], row-major. */
export interface Grey {
  readonly width: number;
  readonly height: number;
  readonly pixels: Float32Array;
}

/** Rows and columns from the first to past the last with ink, or undefined where there is none. */
export function bounds({
  width,
  height,
  pixels,
}: Grey): { x: number; y: number; width: number; height: number } | undefined {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (pixels[y * width + x]! < 0.1) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  return right < 0 ? undefined : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/**
 * A drawing as MNIST has its digits: what is drawn scaled to fit 20 × 20, and placed so that its centre of mass is the
 * middle of 28 × 28. Each pixel is the mean of what it covers. Empty drawings stay empty.
 */
export function asDigit(drawing: Grey): Float32Array<ArrayBuffer> {
  const digit = new Float32Array(SIDE * SIDE);
  const box = bounds(drawing);
  if (!box) return digit;
  const scale = Math.max(box.width, box.height) / BOX;
  let [mass, massX, massY] = [0, 0, 0];
  for (let y = box.y; y < box.y + box.height; y++)
    for (let x = box.x; x < box.x + box.width; x++) {
      const value = drawing.pixels[y * drawing.width + x]!;
      mass += value;
      massX += value * (x + 0.5);
      massY += value * (y + 0.5);
    }
  const from = (centre: number, at: number): number => centre + (at - SIDE / 2) * scale;
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++)
      digit[y * SIDE + x] = meanOver(drawing, from(massX / mass, x), from(massY / mass, y), scale);
  return digit;
}

/** Mean over the square of side `size` whose corner is (x, y): of the pixels whose centres lie in it; nothing lies outside. */
function meanOver({ width, height, pixels }: Grey, x: number, y: number, size: number): number {
  let total = 0;
  let count = 0;
  // where the drawing is smaller than the digit, the pixel under the middle
  const span = (corner: number): readonly [number, number] => {
    const [first, last] = [Math.ceil(corner - 0.5), Math.ceil(corner + size - 0.5)];
    const middle = Math.floor(corner + size / 2);
    return last > first ? [first, last] : [middle, middle + 1];
  };
  const [top, bottom] = span(y);
  const [left, right] = span(x);
  for (let row = top; row < bottom; row++)
    for (let column = left; column < right; column++) {
      count++;
      if (row >= 0 && row < height && column >= 0 && column < width) total += pixels[row * width + column]!;
    }
  return total / count;
}
