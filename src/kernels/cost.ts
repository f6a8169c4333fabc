import { DRAWS } from "./vec4.ts";
import { library } from "./library.ts";

/** What a branch counts for: compilers of software adapters take long for each, the more so in a loop. */
const BRANCH = 400;

const costs = new Map<string, number>();

/**
 * Operations in the text of the scalar function `name`, with those of the functions that it calls, as a device's compiler sees
 * them once all is inlined. Read from the text, so that a new function needs no entry anywhere.
 */
export function operations(name: string): number {
  const declaration = library().get(name);
  if (!declaration?.startsWith("fn ")) return 1;
  const body = declaration.slice(declaration.indexOf("{"));
  let total = costs.get(name);
  if (total === undefined) {
    const branches = body.match(/\b(?:if|for|while|loop|switch)\b|&&|\|\|/g)?.length ?? 0;
    const operators = body.match(/[-+*/%<>=!&|^]+/g)?.length ?? 0;
    const calls = [...body.matchAll(/(\w+)\(/g)].map(([, called]) => operations(called!));
    total = calls.reduce((a, b) => a + b, operators + BRANCH * branches);
    // what four elements share counts for a quarter each
    if (DRAWS.has(name)) total /= 4;
    costs.set(name, total);
  }
  return total;
}

/** The price of `name` in calls of a function such as exp. */
export const callsFor = (name: string): number => Math.max(1, Math.ceil(operations(name) / 50));
