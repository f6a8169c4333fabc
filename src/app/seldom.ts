import type { CallProgress } from "../index.ts";

/** Milliseconds between two lines at least. */
const APART = 15_000;

/** Tells `text` if the last one, or the beginning, is 15 seconds ago. */
export function seldom(tell: (text: string) => void): (text: string) => void {
  let last = performance.now();
  return (text) => {
    if (performance.now() - last < APART) return;
    last = performance.now();
    tell(text);
  };
}

/** Where a fit has got to, in words. */
export const fitStatus = ({ step, total, loss, eta }: CallProgress & { readonly loss: number }): string =>
  `step ${step} of ${total}, loss ${loss.toFixed(1)}, ${Math.round(eta)} s to go`;
