/**
 * A function that does `work` with the newest value: while it is under way, values that come wait, and only the last of
 * them is worked on. `failed` hears of errors.
 */
export function latest<T>(work: (value: T) => Promise<void>, failed: (error: unknown) => void): (value: T) => void {
  let waiting: { value: T } | undefined;
  let running = false;
  const run = async (): Promise<void> => {
    running = true;
    try {
      while (waiting) {
        const { value } = waiting;
        waiting = undefined;
        await work(value);
      }
    } catch (error) {
      failed(error);
    } finally {
      running = false;
    }
  };
  return (value) => {
    waiting = { value };
    if (!running) void run();
  };
}
