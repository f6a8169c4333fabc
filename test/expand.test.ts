import { describe, expect, it } from "vitest";
import { pieces } from "../shaders/expand.mjs";

const expanded = (text: string, read: (name: string) => string | undefined = () => undefined) =>
  (pieces("k.wgsl", text, read) as { text: string }[]).map((part) => part.text).join("");

describe("//#repeat", () => {
  const rows: readonly (readonly [what: string, text: string, written: string])[] = [
    ["repeats a block", "//#repeat i in 0..2\na{i};\n b{i};\n//#end\nc;", "a0;\n b0;\na1;\n b1;\nc;"],
    ["repeats the line that it stands behind", "a{i}; //#repeat i in 1..3\nb;", "a1;\na2;\nb;"],
    [
      "goes through several ranges, the last one fastest",
      "{i}{j}; //#repeat i in 0..2, j in 3..5",
      "03;\n04;\n13;\n14;",
    ],
    ["goes through words", "a.{e} = {e}; //#repeat e in x y", "a.x = x;\na.y = y;"],
    [
      "stands inside of another",
      "//#repeat i in 0..2\nf{i}(\n{j}{i}, //#repeat j in 0..2\n)\n//#end",
      "f0(\n00,\n10,\n)\nf1(\n01,\n11,\n)",
    ],
    [
      "may end where an outer one is",
      "//#repeat i in 1..3\na{i}{j}; //#repeat j in 0..{i}\n//#end",
      "a10;\na20;\na21;",
    ],
    ["may end at a constant", "const N = 2;\na{i}; //#repeat i in 0..N", "const N = 2;\na0;\na1;"],
    ["writes nothing for an empty range", "a;\nb{i}; //#repeat i in 1..1\nc;", "a;\nc;"],
    [
      "leaves out what it adds as zero",
      "a + {i}u * b.c, d * ({i}u + 1u) + {i}u; //#repeat i in 0..2",
      "a, d * (0u + 1u);\na + 1u * b.c, d * (1u + 1u) + 1u;",
    ],
    [
      "keeps zeros that others wrote, and products of sums",
      "x + 0u;\n{i}u * x + 0u / y; //#repeat i in 0..1",
      "x + 0u;\n0u * x + 0u / y;",
    ],
    ["leaves other braces alone", "if (a) {b} else {{i}} //#repeat i in 0..1", "if (a) {b} else {0}"],
  ];
  for (const [what, text, written] of rows) it(what, () => expect(expanded(text)).toBe(written));

  it("takes constants of the kernel in what it includes, each file once", () => {
    const lib = 'a{i}; //#repeat i in 0..N\n//#include "lib/other.wgsl"\n';
    const read = (name: string) => (name === "lib/x.wgsl" ? lib : "b;\n");
    const text = 'const N = 2;\n//#include "lib/x.wgsl"\n//#include "lib/other.wgsl"\nc;';
    expect(expanded(text, read)).toBe("const N = 2;\na0;\na1;\nb;\nc;");
  });

  const expects = ': expected "name in first..end" or "name in words"';
  const faults: readonly (readonly [what: string, text: string, message: string])[] = [
    ["a block without an end", "//#repeat i in 0..2\na;", "k.wgsl: //#repeat i in 0..2 has no //#end"],
    ["an end of nothing", "a;\n//#end", "k.wgsl: an //#end has no //#repeat"],
    [
      "a typed constant, which a host may change",
      "const N = 2u;\na; //#repeat i in 0..N",
      `k.wgsl: //#repeat i in 0..N${expects}`,
    ],
    ["a range of no form", "a; //#repeat i from 1 to 2", `k.wgsl: //#repeat i from 1 to 2${expects}`],
  ];
  for (const [what, text, message] of faults)
    it(`rejects ${what}`, () => expect(() => expanded(text)).toThrow(new Error(message)));
});
