// Scoring in a worker: one request, then answers as they are found. "stop" aborts.
import type { CallProgress } from "../index.ts";
import { openGpu, type Gpu } from "../index.ts";
import { scoring } from "./command/scoring.ts";
import { commands } from "./command/table.ts";
import type { Terminal } from "./command/terminal.ts";
import { wordsOf } from "./command/words.ts";
import { serveRun } from "./job/serve.ts";
import { canPicture, galleryOf } from "./page/score/gallery.ts";
import { givenFiles } from "./page/score/givenFiles.ts";
import type { ScoreAnswer, ScoreRequest } from "./page/score/messages.ts";

/** Milliseconds between two answers on progress. */
const PROGRESS_INTERVAL = 100;

const answer = (message: ScoreAnswer): void => postMessage(message);

let told = -Infinity;
const terminal: Terminal = {
  say: (line) => answer({ kind: "said", line }),
  clear() {},
  progress(what: string, progress: CallProgress) {
    if (performance.now() - told < PROGRESS_INTERVAL) return;
    told = performance.now();
    answer({ kind: "progress", what, progress });
  },
};

async function run({ words, files }: ScoreRequest, signal: AbortSignal): Promise<void> {
  const gpus: Gpu[] = [];
  try {
    const context = {
      terminal,
      signal,
      files: givenFiles(files),
      open: () => openGpu({ powerPreference: "high-performance", signal }),
      own: (gpu: Gpu) => void gpus.push(gpu),
    };
    await scoring(wordsOf(commands.score, words), context, {
      found: (line) => answer({ kind: "found", line }),
      ended: (report) => answer({ kind: "ended", report }),
      keepsRows: canPicture,
      async compared(sets, conditions) {
        const [generated, real] = sets;
        if (!generated || !real || !canPicture(sets.flatMap(({ source }) => source ?? []))) return;
        answer({ kind: "stage", what: "looking up pictures" });
        answer({ kind: "pictures", gallery: await galleryOf([generated, real], conditions) });
      },
    });
    answer({ kind: "done" });
  } finally {
    for (const gpu of gpus) gpu.dispose();
  }
}

serveRun<ScoreRequest>("Scoring was stopped.", run);
