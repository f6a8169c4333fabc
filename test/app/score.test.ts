// The parts of the page that scores folders, but for the browser: addresses, files by name, and which pictures are shown.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ScoreReport } from "../../src/app/command/report.ts";
import { scoring, type ScoredSet } from "../../src/app/command/scoring.ts";
import { nodeFiles } from "../../src/app/command/node.ts";
import { commands } from "../../src/app/command/table.ts";
import { type Key, KEYS } from "../../src/app/command/titles.ts";
import { wordsOf } from "../../src/app/command/words.ts";
import { addressOf, parseAddress, wordsOfChoices } from "../../src/app/page/score/address.ts";
import { canPicture, type Gallery, galleryOf } from "../../src/app/page/score/gallery.ts";
import { pathOf, pickedSet, wordsOfSet } from "../../src/app/page/score/given.ts";
import { givenFiles } from "../../src/app/page/score/givenFiles.ts";
import { rowsOf } from "../../src/app/page/score/results.ts";
import { SEES } from "../../src/app/page/score/sees.ts";
import { type Gpu, precisionRecall } from "../../src/index.ts";
import { commandFolder, generatedImages, realImages, rows } from "./command/fixture.ts";
import { openShared } from "../helpers.ts";

const { folder, generated, real } = commandFolder();

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

/** A file as a browser gives it, from a folder that was picked. */
function fileOf(path: string, bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1)): File {
  const file = new File([bytes], path.split("/").at(-1)!);
  return Object.defineProperty(file, "webkitRelativePath", { value: path.includes("/") ? path : "" });
}

/** Scores through `files` as the worker does; the report, and the sets with their pictures. */
async function scored(files: typeof nodeFiles, words: readonly string[]) {
  let report: ScoreReport | undefined;
  let gallery: Gallery | undefined;
  const terminal = { progress() {}, say() {}, clear() {} };
  const context = {
    terminal,
    signal: new AbortController().signal,
    files,
    open: () => Promise.resolve(gpu),
    own() {},
  };
  await scoring(wordsOf(commands.score, words), context, {
    found() {},
    ended: (found) => void (report = found),
    keepsRows: canPicture,
    async compared(sets, run) {
      gallery = await galleryOf(sets as [ScoredSet, ScoredSet], run);
    },
  });
  return { report: report!, gallery: gallery! };
}

/** The pictures of a folder on disk as a page is given them. */
function given(set: string, path: string, count: number): [string, File][] {
  return Array.from({ length: count }, (_, i) => {
    const name = `${String(i).padStart(4, "0")}.png`;
    return [`${set}/${name}`, fileOf(name, Uint8Array.from(readFileSync(join(path, name))))];
  });
}

describe("the address", () => {
  test("keeps choices but no files, and gives them back", () => {
    const choices = new Map([["measures", "fid,kid"], ["features", "digits-v1"], ["seed", "7"], ["resize", "28x28"], ["recursive", ""]]); // prettier-ignore
    const address = addressOf(choices);
    expect(address).toBe("#score?measures=fid,kid&features=digits-v1&seed=7&resize=28x28&recursive=");
    expect(parseAddress(address)).toEqual(choices);
    expect(parseAddress("#score")).toEqual(new Map());
    expect(parseAddress("#score?json=x&real=y&output=z")).toEqual(new Map());
  });

  test("choices are the words of the command line", () => {
    const choices = new Map([["measures", "is"], ["recursive", ""]]); // prettier-ignore
    expect(wordsOfChoices("a", "b", choices)).toEqual(["a", "--real", "b", "--measures", "is", "--recursive"]);
    expect(wordsOfChoices("a", undefined, choices)).toEqual(["a", "--measures", "is", "--recursive"]);
    const { operands, options } = wordsOf(commands.score, wordsOfChoices("a", "b", choices));
    expect(operands).toEqual(["a"]);
    expect(Object.fromEntries(options)).toEqual({ real: "b", measures: "is", recursive: "" });
  });
});

describe("files that a page was given", () => {
  test("lose the folder that all lie in, as the command line sees a folder", () => {
    const set = pickedSet([fileOf("fakes/b.png"), fileOf("fakes/a.png"), fileOf("fakes/in/c.png")]);
    expect([...set.files.keys()]).toEqual(["b.png", "a.png", "in/c.png"]);
    expect([pathOf("generated", set), wordsOfSet(set)]).toEqual(["generated", "fakes: 3 images"]);
    const two = pickedSet([fileOf("a/1.png"), fileOf("b/1.png"), fileOf("b/notes.txt")]);
    expect([...two.files.keys()]).toEqual(["a/1.png", "b/1.png", "b/notes.txt"]);
    expect(wordsOfSet(two)).toBe("files: 2 images, 1 other file");
  });

  test("one file of arrays is named, one image is a folder", () => {
    const array = pickedSet([fileOf("real.npz")]);
    expect([pathOf("real", array), wordsOfSet(array)]).toEqual(["real/real.npz", "real.npz"]);
    expect(pathOf("real", pickedSet([fileOf("one.png")]))).toBe("real");
  });

  test("are read by path, listed by folder, and missed by name", async () => {
    const files = givenFiles(new Map([["real/a.png", fileOf("a.png")], ["real/in/b.png", fileOf("b.png")]])); // prettier-ignore
    expect(await files.names("real", false)).toEqual(["a.png"]);
    expect(await files.names("real", true)).toEqual(["a.png", "in/b.png"]);
    expect([await files.kindOf("score", "real"), await files.kindOf("score", "real/a.png")]).toEqual([
      "folder",
      "file",
    ]);
    expect(await files.bytes("score", files.join("real", "a.png"))).toEqual(new Uint8Array(1));
    await expect(files.bytes("score", "real/a.png", 0)).rejects.toMatchObject({ code: "limit" });
    await expect(files.kindOf("score", "generated")).rejects.toMatchObject({
      code: "argument",
      message: 'score: cannot read "generated". No such file was given.',
    });
  });
});

describe("scoring what a page was given", () => {
  test("gives the report of the same folders on disk, bit for bit", async () => {
    const words = ["--measures", "fid,kid,pr,vendi"];
    const files = givenFiles(new Map([...given("generated", generated, 50), ...given("real", real, 50)]));
    const [page, disk] = [
      await scored(files, ["generated", "--real", "real", ...words]),
      await scored(nodeFiles, [generated, "--real", real, ...words]),
    ];
    const nameless = ({ sets, ...rest }: ScoreReport) => ({ ...rest, n: [sets["generated"]?.n, sets["real"]?.n] });
    expect(nameless(page.report)).toEqual(nameless(disk.report));
    expect(page.report.scores).toHaveLength(4);
    expect(page.gallery).toEqual(disk.gallery);
  });

  test("shows neighbours that are the nearest, and counts inside the manifolds what precision and recall count", async () => {
    const broken = folder("page-broken", generatedImages);
    writeFileSync(join(broken, "0000.png"), new Uint8Array(9));
    const { report, gallery } = await scored(nodeFiles, [broken, "--real", real, "--measures", "fid", "--on-error", "skip"]); // prettier-ignore
    expect(report.sets["generated"]?.skipped).toHaveLength(1);
    const [a, b] = [rows(realImages), rows(generatedImages.slice(1))];
    const { precision, recall } = await precisionRecall(gpu.tensor(a), gpu.tensor(b));
    expect(gallery.precision).toMatchObject({ inside: Math.round(precision * 49), count: 49 });
    expect(gallery.recall).toMatchObject({ inside: Math.round(recall * 50), count: 50 });
    expect(gallery.neighbours).toHaveLength(8);
    const distance = (x: readonly number[], y: readonly number[]) => Math.hypot(...x.map((value, i) => value - y[i]!));
    for (const { generated: tile, nearest } of gallery.neighbours) {
      // file 0 was left out, so that the name tells whether places and files go together
      const own = generatedImages[Number.parseInt(tile.name, 10)]!;
      expect(rows([Uint8Array.from(own)])[0]!.map((value) => Math.round(255 * value))).toEqual([...tile.values]);
      const all = a.map((row, i) => ({ i, d: distance(row, rows([own])[0]!) })).sort((x, y) => x.d - y.d);
      expect(nearest.map(({ tile: { name } }) => Number.parseInt(name, 10))).toEqual(all.slice(0, 4).map(({ i }) => i));
      for (const [rank, { distance: found }] of nearest.entries()) expect(found).toBeCloseTo(all[rank]!.d, 4);
    }
  });
});

describe("results", () => {
  const line = { key: "pr", title: "t", measure: "precisionRecall", warnings: [], n: { real: 9 } };
  test("a value that has a name among the parts stands once, lesser parts apart", () => {
    const limits = { precision: [0.4, 0.6], recall: [0.1, 0.3] } as const;
    const found = rowsOf({ ...line, value: 0.5, interval: limits.precision, precision: 0.5, recall: 0.2, intervals: limits });
    expect(found.rows).toEqual([
      { name: "precision", value: 0.5, limits: limits.precision },
      { name: "recall", value: 0.2, limits: limits.recall },
    ]);
    const frechet = rowsOf({ ...line, value: 3, meanTerm: 1, traceTerm: 2 });
    expect(frechet.rows).toEqual([{ name: "", value: 3, limits: undefined }]);
    expect(frechet.rest.map(({ name }) => name)).toEqual(["meanTerm", "traceTerm"]);
  }); // prettier-ignore

  test("what each measure sees is what the README of the measures says", () => {
    const readme = readFileSync("src/metrics/README.md", "utf8");
    const table = readme.split("\n").map((row) => row.split("|").map((cell) => cell.trim()));
    for (const key of KEYS) {
      const { misses } = SEES[key];
      // its row stands under that of the Fréchet distance
      const sees = key === "mifid" ? SEES[key].sees.replace(SEES.fid.sees, "the same") : SEES[key].sees;
      expect(
        table.filter((cells) => cells[2] === sees && cells[3] === misses),
        key,
      ).toHaveLength(1);
    }
    const sanity = readFileSync("bench/results/sanity.md", "utf8").split("\n");
    const cells = (start: string) => sanity.find((row) => row.startsWith(start))!.split("|").map((cell) => cell.trim()); // prettier-ignore
    const [heads, passed] = [cells("| scenario"), cells("| passed")];
    const names = { pr: "`precisionRecall`", dc: "`densityCoverage`", cdc: "`clippedDensityCoverage`" };
    for (const [key, name] of Object.entries(names)) expect(passed[heads.indexOf(name)]).toBe(SEES[key as Key].passed);
  });
});
