import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openNodeGpu } from "../../src/node.ts";
import { openShared } from "../helpers.ts";
import { codeOf, printedBy, valuesOf } from "../printed.ts";

const folder = "src/app/book";
const lessons = readdirSync(folder)
  .filter((name) => name.endsWith(".md"))
  .sort((a, b) => parseInt(a) - parseInt(b));
const textOf = (name: string): string => readFileSync(`${folder}/${name}`, "utf8");

describe("the book", () => {
  it("goes from lesson to lesson, each with its title and the way to the next", () => {
    expect(lessons.map((name) => parseInt(name))).toEqual(lessons.map((_, i) => i + 1));
    for (const [i, name] of lessons.entries()) {
      const text = textOf(name);
      expect(text).toMatch(new RegExp(`^---\ntitle: ${i + 1}\\. .+\n---\n\n# `));
      const next = lessons[i + 1];
      if (next) expect(text).toContain(`](./${next})`);
      for (const [, link] of text.matchAll(/\]\(\.\/([^)]+)\)/g)) expect(lessons).toContain(link);
    }
  });

  it("compiles, what needs a browser too", () => {
    const out = "out/book-types";
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out, { recursive: true });
    for (const name of lessons) {
      const parts = ["", "browser"].map((kind) => codeOf(textOf(name), kind)).filter((blocks) => blocks.length > 0);
      for (const [i, part] of parts.entries()) writeFileSync(`${out}/${name.slice(0, -3)}-${i}.ts`, part.join("\n"));
    }
    const compilerOptions = { paths: { latentgpu: ["../../src/index.ts"] }, noUnusedLocals: false };
    const settings = { extends: "../../tsconfig.json", compilerOptions, include: ["*.ts"] };
    writeFileSync(`${out}/tsconfig.json`, JSON.stringify(settings));
    const said = (() => {
      try {
        return execFileSync(process.execPath, ["node_modules/typescript7/bin/tsc", "--noEmit", "-p", out], { encoding: "utf8" }); // prettier-ignore
      } catch (error) {
        return (error as { stdout: string }).stdout;
      }
    })();
    expect(said).toBe("");
  });

  it.each(lessons.filter((name) => codeOf(textOf(name)).length > 0))("%s prints what it says", async (name) => {
    const code = codeOf(textOf(name)).join("\n");
    // what ends a device gets one of its own
    for (const line of await printedBy(code, /\.destroy\(/.test(code) ? openNodeGpu : openShared)) {
      const { said } = line;
      // what comes after a value and a colon explains; "says …" tells what is to be seen instead of a value
      const value = said.replace(/^(true|false|[\d.]+): .*/, "$1");
      const found = valuesOf(line);
      expect(found.length, `"${said}" was printed`).toBeGreaterThan(0);
      if (value.startsWith("says ")) continue;
      if (found.every((one) => typeof one === "number")) {
        const texts = value.replace(/, as .*/, "").match(/-?\d[\d.]*/g) ?? [];
        expect(texts.length, said).toBe(found.length);
        for (const [i, text] of texts.entries()) {
          const digits = text.split(".")[1]?.length ?? 0;
          const most = value.startsWith("about ")
            ? 0.05 * Math.abs(Number(text))
            : digits > 0
              ? 0.6 * 10 ** -digits
              : 1e-3;
          expect(Math.abs((found[i] as number) - Number(text)), `${said}; found ${found.join()}`).toBeLessThan(most);
        }
      } else
        expect(found.map(String).join(" ")).toBe(typeof found[0] === "number" ? value.replace(/[[\],]/g, "") : value);
    }
  });
});
