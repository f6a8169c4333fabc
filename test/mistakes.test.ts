import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as latentgpu from "../src/index.ts";
import { type Gpu, LatentError } from "../src/index.ts";
import type { Mistake } from "./mistakes/mistake.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const folder = new URL("mistakes/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".ts") && name !== "mistake.ts");

/** What the call threw or rejected with. */
async function thrown(call: Mistake[0]): Promise<unknown> {
  try {
    await call(gpu, latentgpu);
  } catch (error) {
    return error;
  }
  return "nothing";
}

describe.each(files)("mistakes: %s", async (file) => {
  const { mistakes } = (await import(new URL(file, folder).href)) as { mistakes: readonly Mistake[] };
  it("are told with the remedy", async () => {
    const faults: string[] = [];
    for (const [call, code, message] of mistakes) {
      const error = await thrown(call);
      const isRight = error instanceof LatentError && error.code === code && message.test(error.message);
      if (!isRight) faults.push(`${String(call)}\n  expected ${code} ${String(message)}\n  got ${String(error)}`);
    }
    expect(faults.join("\n")).toBe("");
  });
});
