// "How fast is this GPU" in a worker: the page stays awake while results are checked, and can end what takes too long.

import { serveRun } from "../src/app/job/serve.ts";
import { isSoftware } from "../src/device/info.ts";
import { requestAdapter } from "./adapter.ts";
import type { SpeedAnswer, SpeedRequest } from "./measure/messages.ts";
import { quickCases, quickPace } from "./measure/quick.ts";
import { caseName } from "./report.ts";
import { measure } from "./session.ts";

const answer = (message: SpeedAnswer): void => postMessage(message);

serveRun<SpeedRequest>("Measuring was stopped.", async ({ browser }) => {
  const adapter = await requestAdapter();
  const software = isSoftware(adapter.info);
  const chosen = quickCases(software);
  answer({ kind: "cases", names: chosen.map(caseName) });
  const report = await measure(chosen, quickPace(software), {
    adapter,
    browser,
    engines: [{ name: "latentgpu", load: () => import("./engines/latentgpu.ts") }],
    say() {},
    keep: (report) => answer({ kind: "kept", report }),
    progress: (done, total, name) => answer({ kind: "progress", done, total, name }),
  });
  answer({ kind: "report", report });
});
