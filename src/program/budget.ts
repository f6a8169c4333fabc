import { check } from "../device/errors.ts";

/** Throws LatentError("argument") unless `budgetMs` is a time that work may take of each frame, or undefined. */
export const checkBudget = (where: string, budgetMs: number | undefined): void =>
  check(
    budgetMs === undefined || (budgetMs > 0 && Number.isFinite(budgetMs)),
    "argument",
    where,
    () => `expected budgetMs > 0, in milliseconds a frame; got ${String(budgetMs)}.`,
  );
