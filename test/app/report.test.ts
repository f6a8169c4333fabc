import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { chart, ticks } from "../../src/app/report/chart.ts";
import { html } from "../../src/app/report/markup.ts";
import { reportPage } from "../../src/app/report/page.ts";
import { duration, textTable } from "../../src/app/report/table.ts";
import { fixture } from "./fixture.ts";

const hostile = `"><img src=x onerror=alert(1)><script>alert(2)</script>&'`;

test("no text of a report becomes markup", async () => {
  const page = await reportPage(fixture(hostile));
  expect(page).not.toContain("<script");
  expect(page).not.toContain("<img src=x");
  expect(page).toContain("&quot;&gt;&lt;img src=x onerror=alert(1)&gt;&lt;script&gt;alert(2)&lt;/script&gt;&amp;&#39;");
});

test("the report loads nothing, and its policy allows this style only", async () => {
  const page = await reportPage(fixture());
  const sources = [...page.matchAll(/\s(?:src|href)="([^"]{0,24})/g)].map((match) => match[1]!);
  expect(sources.length).toBeGreaterThan(0);
  expect(sources.filter((source) => !source.startsWith("data:image/png;base64,"))).toEqual([]);
  expect(page).not.toMatch(/\sstyle="|\son\w+="|url\(|@import/);
  const style = /<style>([\s\S]*?)<\/style>/.exec(page)![1]!;
  expect(page).toContain(`style-src &#39;sha256-${createHash("sha256").update(style).digest("base64")}&#39;`);
  expect(page).toContain("default-src &#39;none&#39;");
});

test("a picture that is no base64 is refused", async () => {
  const report = fixture();
  report.pictures[0]!.png = `x" onload="alert(1)`;
  await expect(reportPage(report)).rejects.toThrow("report: picture test is no base64.");
});

test("network and sample size stand beside every score, the floor first", async () => {
  const lines = textTable(fixture()).split("\n");
  expect(lines[0]).toMatch(
    /^model +parameters +seconds +log p\(x\) +BCE \+ KL +Fréchet +kernel +class score +precision +recall +authentic$/,
  );
  expect(lines[1]).toMatch(/n 5,000 ↓ +n 2,000 ↓ +n 5,000 ↑ +n 2,000 ↑/);
  const shares = String.raw`0\.71\d? \[0\.69\d?, 0\.73\d?\] +0\.50\d? \[0\.48\d?, 0\.52\d?\] +0\.90`;
  const row = (text: string) => new RegExp(`^${text}`);
  expect(lines[3]).toMatch(
    row(
      String.raw`real test images \(floor\) +– +– +– +– +0\.31\d? \[0\.2\d+, 0\.34\d?\] +0\.03 \[-0\.07, 0\.13\] +9\.71\d? \[9\.67\d?, 9\.75\d?\] +` +
        shares,
    ),
  );
  expect(lines[5]).toMatch(
    row(
      String.raw`VAE 784-400-20 +652,824 +91\.2 +– +112\.9 +18\.\d \[16\.\d, 20\.\d\] +1\.82 \[1\.72, 1\.92\] +7\.90\d? \[7\.86\d?, 7\.94\d?\] +` +
        shares,
    ),
  );
  expect(lines[6]).toMatch(row(String.raw`AE 784-400-20 +644,804 +60\.5 +– +78\.4 \(BCE\) +– +– +– +– +– +–$`));
  const ends = lines.filter((line) => !line.startsWith("model")).map((line) => line.length);
  expect(Math.max(...ends)).toBe(lines[2]!.length);
});

test("grey-pixel BCE is called what it is", async () => {
  expect(await reportPage(fixture())).toContain("BCE + KL, grey pixels: not a likelihood.");
});

test("the same report gives the same bytes", async () => {
  expect(await reportPage(fixture())).toBe(await reportPage(fixture()));
});

test("ticks are round and stay inside", () => {
  expect(ticks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(ticks(103.2, 301)).toEqual([150, 200, 250, 300]);
  expect(ticks(-0.003, 0.004)).toEqual([-0.002, 0, 0.002, 0.004]);
  expect(ticks(5, 5)).toEqual([5]);
});

test("a chart leaves out what no axis can show", () => {
  const points: [number, number][] = [
    [1, 2],
    [2, Number.NaN],
    [3, 4],
    [4, Number.POSITIVE_INFINITY],
    [5, 3],
  ];
  const text = html(chart({ title: "t", x: "x", y: "y", series: [{ name: "s", role: "test", points }] }));
  expect(text).not.toMatch(/NaN|Infinity/);
  expect(/ d="([^"]*)"/.exec(text)![1]!.match(/M/g)).toHaveLength(3);
  for (const series of [
    [],
    [{ name: "s", role: "train" as const, points: [] }],
    [{ name: "s", role: "train" as const, points: [[1, 1] as [number, number]] }],
  ])
    expect(html(chart({ title: "t", x: "x", y: "y", series }))).not.toMatch(/NaN|Infinity/);
});

test("seconds read as people write them", () => {
  expect([0.04, 9.94, 42, 185, Number.NaN].map(duration)).toEqual(["0.0 s", "9.9 s", "42 s", "3:05", "–"]);
});
