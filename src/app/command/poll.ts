/** Functions of an addon that are no methods: what Dawn hands to setImmediate. Bound functions look like them, but for their names. */
const isOfAddon = (callback: unknown): boolean =>
  typeof callback === "function" &&
  !callback.name.startsWith("bound ") &&
  Function.prototype.toString.call(callback).includes("[native code]");

/** Node's own, from the first call on. */
let immediate: typeof setImmediate | undefined;

/**
 * Lets Dawn in Node look for finished work once a millisecond. By itself it looks at each turn of the event loop while
 * any is pending, and so keeps a core busy that a software adapter needs.
 *
 * It replaces the process's `setImmediate`, through which Dawn asks for its next turn: for programs of our own.
 */
export function pollOnceAMillisecond(): void {
  if (immediate) return;
  const own = (immediate = globalThis.setImmediate);
  const patient = (callback: (...parameters: unknown[]) => void, ...parameters: unknown[]): unknown =>
    isOfAddon(callback) ? setTimeout(callback, 1, ...parameters) : own(callback, ...parameters);
  globalThis.setImmediate = Object.defineProperties(
    patient,
    Object.getOwnPropertyDescriptors(own),
  ) as typeof setImmediate;
}
