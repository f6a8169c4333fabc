/** Largest error of a sum of `terms` products of positive numbers in f32, as a share of it: two roundings a term. */
export const gamma = (terms: number): number => 2 * terms * 2 ** -24;
