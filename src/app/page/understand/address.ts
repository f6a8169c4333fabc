import type { Law } from "./laws.ts";

/** Where the pictures stand. */
export interface Settings {
  /** Two pixels, 0 to 783. */
  readonly pixels: readonly [number, number];
  /** The test digit of the first picture, and that of the dial. */
  readonly digit: number;
  readonly image: number;
  /** Directions of the Gaussian's covariance that are used, 1 to 784. */
  readonly directions: number;
  /** Where the mixture's means began, [3, 2], and steps of EM since. */
  readonly means: readonly number[];
  readonly steps: number;
  /** The dial: the place of its factor among `FACTORS`, and that of β among `WEIGHTS`. */
  readonly noise: number;
  readonly beta: number;
  /** The law that is compared with N(0, 1), and draws of each. */
  readonly law: Law;
  readonly draws: number;
}

/** Test digits of the sheet. */
export const DIGITS = 1024;
/** Means lie within −MEAN_LIMIT to MEAN_LIMIT. */
export const MEAN_LIMIT = 3.6;
/** Steps of EM that an address may ask for. */
export const MOST_STEPS = 100;
/** What the dial multiplies deviations by: 1/8 to 8, four steps to a factor of 2. */
export const FACTORS: readonly number[] = Array.from({ length: 25 }, (_, i) => 2 ** ((i - 12) / 4));
/** Where a factor stands among them, also between two. */
export const placeOfFactor = (factor: number): number => 12 + 4 * Math.log2(factor);
/** Weights before KL. */
export const WEIGHTS: readonly number[] = [0, 0.25, 0.5, 1, 2, 4, 8, 16];
/** Means and deviations that the second law may have, and draws. */
export const LAWS = { mean: [-3, 3], deviation: [0.4, 3] } as const;
export const DRAWS: readonly number[] = [5, 10, 20, 50, 100, 200, 500, 1000];

/** Where the pictures stand at first. */
export const FIRST: Settings = {
  pixels: [12 * 28 + 14, 16 * 28 + 8],
  digit: 0,
  image: 0,
  directions: 40,
  means: [-1, -0.5, 0.4, 0.6, 1.2, -0.6],
  steps: 0,
  noise: FACTORS.indexOf(1),
  beta: WEIGHTS.indexOf(1),
  law: { mean: 1, deviation: 0.6, hasHumps: false },
  draws: DRAWS.indexOf(20),
};

/** Reads what `addressOf` wrote; what does not fit is as at first. */
export function parseAddress(hash: string): Settings {
  const asked = new URLSearchParams(hash.split("?")[1] ?? "");
  const numbers = (name: string, count: number, fits: (value: number) => boolean): readonly number[] | undefined => {
    const text = asked.get(name)?.split(",") ?? [];
    const values = text.map(Number);
    const isRight = values.length === count && text.every((part) => part.trim() !== "") && values.every(fits);
    return isRight ? values : undefined;
  };
  const whole = (name: string, least: number, most: number): number | undefined =>
    numbers(name, 1, (value) => Number.isInteger(value) && value >= least && value <= most)?.[0];
  const between = (name: string, [least, most]: readonly [number, number]): number | undefined =>
    numbers(name, 1, (value) => value >= least && value <= most)?.[0];
  const pixels = numbers("pixels", 2, (value) => Number.isInteger(value) && value >= 0 && value < 784);
  return {
    pixels: pixels ? [pixels[0]!, pixels[1]!] : FIRST.pixels,
    digit: whole("digit", 0, DIGITS - 1) ?? FIRST.digit,
    image: whole("image", 0, DIGITS - 1) ?? FIRST.image,
    directions: whole("k", 1, 784) ?? FIRST.directions,
    means: numbers("means", 6, (value) => Math.abs(value) <= MEAN_LIMIT) ?? FIRST.means,
    steps: whole("steps", 0, MOST_STEPS) ?? FIRST.steps,
    noise: whole("noise", 0, FACTORS.length - 1) ?? FIRST.noise,
    beta: whole("beta", 0, WEIGHTS.length - 1) ?? FIRST.beta,
    law: {
      mean: between("mean", LAWS.mean) ?? FIRST.law.mean,
      deviation: between("deviation", LAWS.deviation) ?? FIRST.law.deviation,
      hasHumps: asked.get("humps") === "1",
    },
    draws: whole("draws", 0, DRAWS.length - 1) ?? FIRST.draws,
  };
}

/** "#understand?pixels=294,406&k=40", without what is as at first. */
export function addressOf(settings: Settings): string {
  const said = (one: Settings): readonly (readonly [string, string])[] => [
    ["pixels", one.pixels.join(",")],
    ["digit", String(one.digit)],
    ["k", String(one.directions)],
    ["means", one.means.map((value) => Number(value.toFixed(2))).join(",")],
    ["steps", String(one.steps)],
    ["image", String(one.image)],
    ["noise", String(one.noise)],
    ["beta", String(one.beta)],
    ["mean", String(Number(one.law.mean.toFixed(2)))],
    ["deviation", String(Number(one.law.deviation.toFixed(2)))],
    ["humps", one.law.hasHumps ? "1" : "0"],
    ["draws", String(one.draws)],
  ];
  const usual = new Map(said(FIRST));
  const pairs = said(settings).flatMap(([name, text]) => (usual.get(name) === text ? [] : [`${name}=${text}`]));
  return `#understand${pairs.length ? "?" : ""}${pairs.join("&")}`;
}
