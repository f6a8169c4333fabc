/** Grey images of one soft blob each, [count, side · side] bytes, the same for every run. */
export function blobs(count: number, side = 8): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: count * side * side }, (_, i) => {
    const image = Math.floor(i / (side * side));
    const [x, y] = [i % side, Math.floor(i / side) % side];
    const [cx, cy] = [1 + ((image * 7) % (side - 2)), 1 + ((image * 5) % (side - 2))];
    return Math.round(255 * Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 3));
  });
}

/** Options of a VAE small enough for a software adapter. */
export const small = { image: [1, 8, 8], hidden: 24, latent: 3, seed: 5 } as const;
