/** Images one beside the other on a canvas, whose size in pixels becomes theirs. */
export interface Painting {
  readonly columns?: number;
  /** Pixels between images; 0. */
  readonly gap?: number;
}

const SIDE = 28;

/** Paints images [n, 28, 28], 0 black and 1 white, what lies outside clamped. */
export function paint(canvas: HTMLCanvasElement, values: ArrayLike<number>, { columns, gap = 0 }: Painting = {}): void {
  const count = values.length / (SIDE * SIDE);
  const across = columns ?? count;
  const pitch = SIDE + gap;
  const [width, height] = [across * pitch - gap, Math.ceil(count / across) * pitch - gap];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const picture = new ImageData(width, height);
  for (let i = 0; i < count; i++) {
    const corner = Math.floor(i / across) * pitch * width + (i % across) * pitch;
    for (let p = 0; p < SIDE * SIDE; p++) {
      const at = 4 * (corner + Math.floor(p / SIDE) * width + (p % SIDE));
      const grey = values[i * SIDE * SIDE + p]! * 255;
      picture.data[at] = picture.data[at + 1] = picture.data[at + 2] = grey;
      picture.data[at + 3] = 255;
    }
  }
  canvas.getContext("2d")!.putImageData(picture, 0, 0);
}
