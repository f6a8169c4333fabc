import { describe, expect, test } from "vitest";
import { errorChart, scientific } from "../../src/app/page/trust/errorChart.ts";
import { reportText } from "../../src/app/page/trust/reportText.ts";
import { html } from "../../src/app/report/markup.ts";
import type { SelfTestResult } from "../../src/index.ts";

const check = (name: string, error: number): SelfTestResult => ({
  name,
  error,
  bound: 2e-6,
  scale: 2,
  repeats: true,
});

test("an error that is not finite stays one in the file, where JSON alone would write null", () => {
  const { results } = JSON.parse(reportText({ results: [{ error: Infinity }, { error: NaN }, { error: 1e-7 }] })) as {
    results: unknown;
  };
  expect(results).toEqual([{ error: "Infinity" }, { error: "NaN" }, { error: 1e-7 }]);
});

describe("the picture of errors", () => {
  test("has a dot within and another mark past the bound, and says which", () => {
    const text = html(errorChart([check("map", 2e-8), check("matmul", 4e-3), check("exp", Infinity)]));
    expect(text.match(/<circle class="within"/g)).toHaveLength(1);
    expect(text.match(/<path class="past"/g)).toHaveLength(2);
    expect(text).toContain("Errors of 3 checks beside their bounds. Past it: matmul, exp.");
    // the axis reaches the largest error
    expect(text).toContain(">10⁻²<");
    expect(text).not.toContain("NaN");
  });

  test("numbers are powers of ten", () => {
    expect([0, 1.34e-7, 2e-5, Infinity].map(scientific)).toEqual(["0", "1.3 · 10⁻⁷", "2.0 · 10⁻⁵", "not finite"]);
  });
});
