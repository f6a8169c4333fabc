import { words } from "../data/philox.ts";
import { meanAndVariance, quantile } from "./statistics.ts";

/** Random streams of measures, by what they draw. */
export const STREAMS = {
  bootstrap: 901,
  subset: 902,
  direction: 903,
  centre: 904,
  split: 905,
  frequency: 906,
} as const;

/** `count` whole numbers below `limit`, drawn with replacement. */
export function draws(count: number, limit: number, seed: number, step: number): Uint32Array {
  const drawn = words(count, { seed, stream: STREAMS.bootstrap, step });
  return drawn.map((word) => Math.floor((word * limit) / 2 ** 32));
}

/**
 * Deviation and interval of an estimate by the bootstrap over samples (Efron 1979): each of `resamples` draws n samples of each set with
 * replacement, and `estimate` is taken of them. The interval is value ± half the width of the percentiles' one, around the value itself:
 * resampling adds the bias of a smaller sample a second time.
 */
export function bootstrap(
  value: number,
  sizes: readonly number[],
  estimate: (...samples: Uint32Array[]) => number,
  { seed, level, resamples = 200 }: { readonly seed: number; readonly level: number; readonly resamples?: number },
): { deviation: number; interval: readonly [number, number] } {
  const found = Float64Array.from({ length: resamples }, (_, b) =>
    estimate(...sizes.map((n, set) => draws(n, n, seed, b * sizes.length + set))),
  ).sort();
  const { mean, variance } = meanAndVariance(found);
  const [low, high] = [quantile(found, 0.5 - level / 2), quantile(found, 0.5 + level / 2)];
  return { deviation: Math.sqrt(variance), interval: [value + low - mean, value + high - mean] };
}
