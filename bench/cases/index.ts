// All that is timed, and the choice of some of it.

import { caseName } from "../report.ts";
import type { Case } from "../workload.ts";
import { compilations } from "./compile.ts";
import { convolutions } from "./convolution.ts";
import { linearAlgebra } from "./linalg.ts";
import { matmuls } from "./matmul.ts";
import { measures } from "./measures.ts";
import { memoryBound } from "./memory.ts";
import { mixtures } from "./mixture.ts";
import { networks } from "./mobileNet.ts";
import { trainings } from "./training.ts";

/** Every case; a software adapter gets smaller sizes. */
export const cases = (software: boolean): Case[] =>
  [trainings, matmuls, convolutions, networks, memoryBound, linearAlgebra, mixtures, measures, compilations].flatMap(
    (family) => family(software),
  );

/** The cases whose "workload, size" contains one of `only`; all where `only` is empty. Throws an Error naming the workloads where a part matches none. */
export function select(all: readonly Case[], only: readonly string[]): Case[] {
  for (const part of only)
    if (!all.some((item) => caseName(item).includes(part)))
      throw new Error(
        `bench: unknown workload. Expected a part of one of ${[...new Set(all.map(({ workload }) => workload))].join(", ")}; got ${part}.`,
      );
  return all.filter((item) => only.length === 0 || only.some((part) => caseName(item).includes(part)));
}
