/** Seconds that "how fast is this GPU" takes at most: then the page stops waiting for what is left. */
export const SECONDS = 15;
