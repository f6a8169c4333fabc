import { openGpu } from "../../src/index.ts";
import type { Open } from "./call.ts";
import { pause } from "./harness.ts";

/** Opens an engine in a page, also right after a crash: Chrome needs a moment then before it has an adapter again. */
export const reopen: Open = async (options = {}) => {
  for (let tries = 1; ; tries++) {
    try {
      return await openGpu(options);
    } catch (error) {
      const isAway = ["unsupported", "device-lost"].includes((error as { code?: string }).code ?? "");
      if (!isAway || tries === 100) throw error;
      await pause(100);
    }
  }
};
