// Timing of contestants against each other: interleaved blocks in rotated order, and the statistics of the blocks.

/** Something that can be timed: `step` enqueues one step, `repeat` many at once, `finish` waits until all is done. */
export interface Contestant {
  name: string;
  step(): void | Promise<void>;
  repeat?(steps: number): void | Promise<void>;
  finish(): Promise<void>;
}

/** Rounds to run, the seconds that one block should take, and the seconds of measuring that each contestant may use. */
export interface Schedule {
  rounds: number;
  blockSeconds: number;
  boxSeconds: number;
  /** Most steps enqueued before waiting. */
  maxSteps?: number;
  /** Clock in milliseconds. */
  now?: () => number;
  onRound?: (round: number, rounds: number) => void;
}

/** Blocks of one contestant: `samples` are milliseconds per step, one per block; `error` is why there are none or no more. */
export interface Timing {
  name: string;
  stepsPerBlock: number;
  samples: number[];
  error?: string;
  note?: string;
}

/** Summary of samples, in their unit; `low` and `high` bound the median with 95 % confidence. */
export interface Statistics {
  count: number;
  median: number;
  mean: number;
  min: number;
  max: number;
  p5: number;
  p95: number;
  low: number;
  high: number;
}

/** Value below which `fraction` of the sorted values lie, linear between neighbours: rank fraction·(n − 1). */
export function quantile(sorted: ArrayLike<number>, fraction: number): number {
  if (sorted.length === 0) return NaN;
  const rank = Math.min(Math.max(fraction, 0), 1) * (sorted.length - 1);
  const below = Math.floor(rank);
  const part = rank - below;
  // no neighbour, or none needed: 0 · ∞ would be NaN
  return part === 0 ? sorted[below]! : sorted[below]! + part * (sorted[below + 1]! - sorted[below]!);
}

/**
 * Summary of `values`, in any order.
 *
 *     [low, high] = the order statistics of rank n/2 ∓ 1.96·√n/2     (sign test: no assumption about the noise)
 *
 * Below 6 values no such interval reaches 95 %; then it is [min, max].
 */
export function statistics(values: readonly number[]): Statistics {
  const sorted = Float64Array.from(values).sort();
  const count = sorted.length;
  const reach = 0.98 * Math.sqrt(count);
  const first = Math.max(0, Math.ceil(count / 2 - reach) - 1);
  return {
    count,
    median: quantile(sorted, 0.5),
    mean: sorted.reduce((sum, value) => sum + value, 0) / count,
    min: count ? sorted[0]! : NaN,
    max: count ? sorted[count - 1]! : NaN,
    p5: quantile(sorted, 0.05),
    p95: quantile(sorted, 0.95),
    low: count ? sorted[first]! : NaN,
    high: count ? sorted[count - 1 - first]! : NaN,
  };
}

/** Indices 0 … count − 1 as they take turns in `round`: each contestant is first, second, … equally often. */
export function turns(count: number, round: number): number[] {
  return Array.from({ length: count }, (_, i) => (i + round) % count);
}

/**
 * `work`, or an error that names it where that takes more than `seconds`. Work cannot be stopped: what is late is waited for as long
 * again, so that it does not slow down whoever comes next.
 */
export async function within<T>(work: Promise<T>, seconds: number, name: string): Promise<T> {
  const late = Symbol();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const pause = () => new Promise<typeof late>((done) => (timer = setTimeout(() => done(late), seconds * 1000)));
  try {
    const result = await Promise.race([work, pause()]);
    if (result !== late) return result as T;
    await Promise.race([work.catch(() => {}), pause()]);
  } finally {
    clearTimeout(timer);
  }
  throw new Error(`${name}: no answer within ${seconds} s.`);
}

/** Text of anything thrown. */
export function reason(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

async function block(contestant: Contestant, steps: number, now: () => number): Promise<number> {
  const start = now();
  if (contestant.repeat) await contestant.repeat(steps);
  else
    for (let i = 0; i < steps; i++) {
      const pending = contestant.step();
      if (pending) await pending;
    }
  await contestant.finish();
  return now() - start;
}

/** Change from one block to the next below which a contestant is warm. */
const WARM = 0.05;

/**
 * Times all contestants, a block of each per round. A contestant that throws, hangs or has used up its box drops out
 * with a reason; the others go on, and what was measured so far is kept.
 */
export async function interleave(contestants: readonly Contestant[], schedule: Schedule): Promise<Timing[]> {
  const { rounds, blockSeconds, boxSeconds, maxSteps = 1000, now = () => performance.now(), onRound } = schedule;
  const timings: Timing[] = contestants.map(({ name }) => ({ name, stepsPerBlock: 1, samples: [] }));
  const spent = contestants.map(() => 0);
  const expected = contestants.map(() => 0);

  /** Milliseconds of one block, charged to the box; undefined when the contestant dropped out. */
  async function timeBlock(index: number): Promise<number | undefined> {
    const timing = timings[index]!;
    try {
      const ms = await within(block(contestants[index]!, timing.stepsPerBlock, now), boxSeconds, timing.name);
      spent[index]! += ms;
      return ms;
    } catch (error) {
      timing.error = reason(error);
      return undefined;
    }
  }

  // Grow the block until it is long enough to time, and warm up until two in a row differ by less than 5 %: clocks rise, code is
  // optimised. At most half the box goes into this.
  for (let index = 0; index < contestants.length; index++) {
    const timing = timings[index]!;
    for (let tries = 0; tries < 10; tries++) {
      const ms = await timeBlock(index);
      if (ms === undefined) break;
      const isWarm = Math.abs(ms - expected[index]!) < WARM * ms;
      expected[index] = ms;
      if (spent[index]! > boxSeconds * 500) break;
      if (ms * 1.5 > blockSeconds * 1000 || timing.stepsPerBlock === maxSteps) {
        if (isWarm) break;
        continue;
      }
      const longer = timing.stepsPerBlock * Math.min(16, (blockSeconds * 1000) / Math.max(ms, 0.01));
      timing.stepsPerBlock = Math.min(maxSteps, Math.max(timing.stepsPerBlock + 1, Math.floor(longer)));
    }
  }

  for (let round = 0; round < rounds; round++) {
    for (const index of turns(contestants.length, round)) {
      const timing = timings[index]!;
      if (timing.error || timing.note) continue;
      if (spent[index]! + expected[index]! > boxSeconds * 1000) {
        timing.note = `time box of ${boxSeconds} s reached after ${round} of ${rounds} rounds`;
        continue;
      }
      const ms = await timeBlock(index);
      if (ms !== undefined) timing.samples.push(ms / timing.stepsPerBlock);
    }
    onRound?.(round + 1, rounds);
  }
  return timings;
}
