/** Linear algebra on tensors. Everything records and returns at once, but eigh, svd and svdvals, which look at their values. */
export * as linalg from "./functions.ts";
