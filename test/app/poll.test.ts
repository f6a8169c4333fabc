import { expect, test } from "vitest";
import { openNodeGpu } from "../../src/node.ts";

// test/poll.ts has called pollOnceAMillisecond in this process

test("a program's own immediates stay Node's: bound ones, too, are cleared and refused as ever", async () => {
  const called: string[] = [];
  const own = (name: string) => void called.push(name);
  clearImmediate(setImmediate(own.bind(null, "cleared")));
  setImmediate(own, "with parameters");
  setImmediate(own.bind(null, "bound"));
  await new Promise((done) => setImmediate(done));
  expect(called).toEqual(["with parameters", "bound"]);
  const number = 5 as unknown as () => void;
  expect(() => setImmediate(number)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }) as Error);
});

test("Dawn looks for finished work about once a millisecond", async () => {
  const own = globalThis.setTimeout;
  let looks = 0;
  const counting = (callback: () => void, milliseconds?: number) => {
    if (Function.prototype.toString.call(callback).includes("[native code]")) looks++;
    return own(callback, milliseconds);
  };
  globalThis.setTimeout = Object.assign(counting, { __promisify__: own.__promisify__ }) as typeof setTimeout;
  try {
    using gpu = await openNodeGpu();
    const began = performance.now();
    expect(await gpu.tensor([1, 2]).add(1).read()).toEqual(Float32Array.of(2, 3));
    expect(looks).toBeGreaterThan(0);
    expect(looks).toBeLessThanOrEqual(performance.now() - began + 50);
  } finally {
    globalThis.setTimeout = own;
  }
});
