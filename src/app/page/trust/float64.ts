/** Largest error of a sum of `terms` products of positive numbers in f32, as a share of it: two roundings a term. */
export const gamma = (terms: number): number => 2 * terms * 2 ** -24;
/** 0, 1, … n − 1. */
export const range = (n: number): number[] => Array.from({ length: n }, (_, k) => k);
export const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
