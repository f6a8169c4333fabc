import { frechetDistance, type Gpu } from "../../../index.ts";
import { unitUniforms } from "../../../data/philox.ts";
import { h } from "../../report/markup.ts";
import { fixed } from "../fixed.ts";
import { latest } from "../play/latest.ts";
import { DRAWS, LAWS } from "./address.ts";
import { normals } from "./clusters.ts";
import { axes, type Frame, inside, lineThrough, placeOf } from "./frame.ts";
import { density, drawsOf, frechet, type Law, overlap } from "./laws.ts";
import { Picture } from "./picture.ts";
import { datum, part, type Section, sectionOf, type Store, tell } from "./section.ts";
import { slider } from "./slider.ts";
import { STORY } from "./story.ts";

const FRAME: Frame = { width: 480, height: 300, left: 58, right: 14, top: 10, bottom: 42, x: { from: -5, to: 5 }, y: { from: 0, to: 1 } }; // prettier-ignore
/** The law that others are compared with. */
const REAL: Law = { mean: 0, deviation: 1, hasHumps: false };
/** Points of a curve. */
const POINTS = 240;
const PRESS = 0.05;
/** Where the handles stand, as a density. */
const MEAN_HEIGHT = 0.12;
const MOST = DRAWS.at(-1)!;

/** What draws of both laws have as their Fréchet distance, by the package's own measure. */
export async function estimateOf(gpu: Gpu, law: Law, n: number): Promise<number> {
  const first = drawsOf(REAL, normals(MOST, 11).subarray(0, n), unitUniforms(n, 12, 0));
  const second = drawsOf(law, normals(MOST, 13).subarray(0, n), unitUniforms(n, 14, 0));
  using a = gpu.tensor(first, [n, 1]);
  using b = gpu.tensor(second, [n, 1]);
  return (await frechetDistance(a, b, { interval: false })).value;
}

const limited = (value: number, [from, to]: readonly [number, number]): number =>
  Math.round(100 * Math.min(to, Math.max(from, value))) / 100;

/** Two laws of one number, of which one moves the second, and what their Fréchet distance sees. */
export function scoresSection(store: Store): Section {
  const { node, stage } = sectionOf(STORY.scores);
  const plot = new Picture(FRAME);
  const told = part("p", { class: "told legend", id: "understand-frechet" });
  const humps = part("input", { type: "checkbox" }) as HTMLInputElement;
  humps.checked = store.now.law.hasHumps;
  const estimated = part(
    "p",
    { class: "told", id: "understand-estimate" },
    "The distance of draws comes with the GPU.",
  );
  let ask: (asked: { law: Law; n: number }) => void = () => {};

  const curve = (law: Law): string =>
    lineThrough(
      FRAME,
      Array.from({ length: POINTS + 1 }, (_, i) => {
        const x = FRAME.x.from + (i / POINTS) * (FRAME.x.to - FRAME.x.from);
        return [x, density(law, x)] as const;
      }),
    );
  let [distance, common] = [0, 1];
  const distanceWords = (): string => `squared distance ${fixed(distance, 3)}, ${fixed(100 * common, 0)} % in common`;
  function show(): void {
    const { law, draws } = store.now;
    [distance, common] = [frechet(REAL, law), overlap(REAL, law)];
    plot.draw(
      `Densities of N(0, 1) and of ${law.hasHumps ? "two humps" : "a normal law"} of mean ${fixed(law.mean, 2)} and deviation ${fixed(law.deviation, 2)}: ${distanceWords()}`,
      axes(FRAME, { x: "what a network says of an image", y: "density" }),
      inside(FRAME, h("path", { class: "line c0", d: curve(REAL) }), h("path", { class: "line c1", d: curve(law) })),
      h("line", { class: "edge", ...ends(law) }),
    );
    tell(
      told,
      h("span", { class: "c0" }, h("i", {}), "N(0, 1)"),
      h("span", { class: "c1" }, h("i", {}), law.hasHumps ? "two humps" : "a normal law", ` of mean ${fixed(law.mean, 2)} and deviation ${fixed(law.deviation, 2)}`),
      h("span", {}, "d² = ", datum("distance", distance, fixed(distance, 3)), ` = ${fixed(law.mean ** 2, 3)} of means + ${fixed((1 - law.deviation) ** 2, 3)} of deviations`),
      h("span", {}, "in common ", datum("overlap", common, `${fixed(100 * common, 0)} %`), " of the probability"),
    ); // prettier-ignore
    ask({ law, n: DRAWS[draws]! });
  }
  /** The line from the mean to one deviation beside it. */
  const ends = (law: Law) => {
    const [from, y] = placeOf(FRAME, law.mean, MEAN_HEIGHT);
    const [to] = placeOf(FRAME, law.mean + law.deviation, MEAN_HEIGHT);
    return { x1: from, x2: Math.min(to, FRAME.width - FRAME.right), y1: y, y2: y };
  };
  const set = (change: Partial<Law>): void => {
    store.set({ law: { ...store.now.law, ...change } });
    show();
  };
  const setMean = (mean: number): void => set({ mean: limited(mean, LAWS.mean) });
  const setDeviation = (deviation: number): void => set({ deviation: limited(deviation, LAWS.deviation) });
  plot.add({
    name: "Mean of the second law",
    mark: "m",
    colour: 1,
    at: () => [store.now.law.mean, MEAN_HEIGHT],
    move: setMean,
    press: (right, up) => setMean(store.now.law.mean + PRESS * (right + up)),
    words: () => `${fixed(store.now.law.mean, 2)}: ${distanceWords()}`,
  });
  plot.add({
    name: "Deviation of the second law",
    mark: "s",
    colour: 1,
    at: () => [Math.min(FRAME.x.to, store.now.law.mean + store.now.law.deviation), MEAN_HEIGHT],
    move: (x) => setDeviation(x - store.now.law.mean),
    press: (right, up) => setDeviation(store.now.law.deviation + PRESS * (right + up)),
    words: () => `${fixed(store.now.law.deviation, 2)}: ${distanceWords()}`,
  });
  humps.addEventListener("change", () => set({ hasHumps: humps.checked }));
  const equal = part("button", { type: "button" }, "Same mean and deviation");
  equal.addEventListener("click", () => set({ mean: REAL.mean, deviation: REAL.deviation }));
  const label = part("label", {});
  label.append(humps, "Two humps instead of one");
  const controls = part("p", { class: "controls" });
  controls.append(equal, label);
  const count = slider("Draws of each", DRAWS.length - 1, store.now.draws, (at) => String(DRAWS[at]), (draws) => {
    store.set({ draws });
    show();
  }); // prettier-ignore
  stage.append(plot.node, told, controls, count.node, estimated);
  show();

  return {
    node,
    async attach(engine, failed) {
      ask = latest(async ({ law, n }) => {
        const value = await estimateOf(engine.gpu, law, n);
        tell(estimated, `From ${n} draws of each, d² comes out as `, datum("estimate", value, fixed(value, 3)), `; the laws are ${fixed(frechet(REAL, law), 3)} apart.`); // prettier-ignore
      }, failed);
      ask({ law: store.now.law, n: DRAWS[store.now.draws]! });
    },
  };
}
