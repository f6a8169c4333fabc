import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Gpu } from "../src/index.ts";
import { asCalled, bySweeps, kinds, LIMIT, matrixOf } from "./factorisations.ts";
import { openShared } from "./helpers.ts";

// a small part of `node test/trials/run.mjs factorisations`, which goes on to 512 rows

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

describe.each(asCalled)("$name", ({ isSymmetric, measure }) => {
  test.each([64, 128].flatMap((n) => kinds.map((kind) => [n, kind] as const)))(
    "of %i rows, %s, gives back the matrix, and orthogonal factors",
    async (n, kind) => {
      const { residual, orthogonality } = await measure(gpu, matrixOf(kind, n, isSymmetric), n);
      expect(residual.spectral).toBeLessThan(LIMIT);
      expect(orthogonality.spectral).toBeLessThan(LIMIT);
    },
  );
});

test.each(bySweeps)("$name rounds in proportion to the matrix", async ({ isSymmetric, measure }) => {
  const { residual, orthogonality } = await measure(gpu, matrixOf("random", 64, isSymmetric), 64);
  // some 400 rotations of each row round it by 2⁻²⁵, one way or the other; of a row shifted by 8 times the norm it would be 8 times that
  for (const { spectral } of [residual, orthogonality]) expect(spectral).toBeLessThan(40 * 2 ** -24);
});
