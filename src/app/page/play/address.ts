/** What the address keeps of the page, after "#play?": the code and the plane. */
export interface Address {
  readonly code: Float32Array<ArrayBuffer> | null;
  /** "classes", "principal", or two latents as "2,5". */
  readonly plane: string | null;
}

/** Largest coordinate of a code that an address may have. */
const LIMIT = 5;

/** Reads what `addressOf` wrote; what does not fit a code of `latent` numbers is left out. */
export function parseAddress(hash: string, latent: number): Address {
  const asked = new URLSearchParams(hash.split("?")[1] ?? "");
  const numbers = (asked.get("z") ?? "").split(",").map(Number);
  const isCode = numbers.length === latent && numbers.every((value) => Math.abs(value) <= LIMIT);
  const plane = asked.get("plane");
  const [i, j] = (plane ?? "").split(",").map(Number);
  const areLatents = [i, j].every((at) => Number.isInteger(at) && at! >= 0 && at! < latent) && i !== j;
  const isPlane = plane === "classes" || plane === "principal" || areLatents;
  return { code: isCode ? Float32Array.from(numbers) : null, plane: isPlane ? plane : null };
}

/** "#play?plane=classes&z=0.12,-1.3,…" */
export function addressOf(code: ArrayLike<number>, plane: string): string {
  const numbers = Array.from(code, (value) => Number(value.toFixed(2)));
  return `#play?plane=${plane}&z=${numbers.join(",")}`;
}
