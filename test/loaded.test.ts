import { expect, test } from "vitest";
import { lazy } from "../src/graph/lazy.ts";

test("a file of the engine that does not come is named with the remedy, and asked for again", async () => {
  let tries = 0;
  const part = lazy(async () => {
    if (tries++ === 0) throw new TypeError("Failed to fetch dynamically imported module");
    return { answer: 42 };
  });
  await expect(part.load()).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringMatching(/^kernels: a file of the engine does not load .*Serve all files/),
    cause: expect.any(TypeError),
  });
  await part.load();
  expect(part.get().answer).toBe(42);
});
