/** A function of an addon that is nobody's method: what Dawn hands to setImmediate. */
const isNative = (callback: unknown): boolean => Function.prototype.toString.call(callback).includes("[native code]");

/**
 * Lets Dawn in Node look for finished work once a millisecond. By itself it looks at each turn of the event loop while
 * any is pending, and so keeps a core busy that a software adapter needs.
 *
 * It replaces the process's `setImmediate`, through which Dawn asks for its next turn: for programs of our own.
 */
export function pollOnceAMillisecond(): void {
  const immediate = globalThis.setImmediate;
  const patient = (callback: (...parameters: unknown[]) => void, ...parameters: unknown[]): unknown =>
    isNative(callback) ? setTimeout(callback, 1, ...parameters) : immediate(callback, ...parameters);
  globalThis.setImmediate = Object.defineProperties(
    patient,
    Object.getOwnPropertyDescriptors(immediate),
  ) as typeof setImmediate;
}
