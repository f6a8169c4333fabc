import type { Tensor } from "../../../index.ts";
import { h, type Markup } from "../../report/markup.ts";
import type { Engine } from "../engine.ts";
import { fixed } from "../fixed.ts";
import { FIRST, MOST_STEPS, MEAN_LIMIT } from "./address.ts";
import { clusteredPoints } from "./clusters.ts";
import { ellipseOf } from "./ellipse.ts";
import { afterSteps, beginning, type PlaneMixture, type Verdict, verdictOf } from "./em.ts";
import { type Frame, placeOf } from "./frame.ts";
import { Picture } from "./picture.ts";
import { datum, part, type Section, sectionOf, type Store, tell } from "./section.ts";
import { STORY } from "./story.ts";

const FRAME: Frame = { width: 480, height: 360, left: 0, right: 0, top: 0, bottom: 0, x: { from: -4.8, to: 4.8 }, y: { from: -MEAN_LIMIT, to: MEAN_LIMIT } }; // prettier-ignore
/** Red, green and blue of the components, between light and dark paper. */
const COLOURS = [[59, 120, 231], [224, 102, 47], [42, 157, 111]] as const; // prettier-ignore
/** Deviations of the ellipses: they hold 86 % of a component. */
const DEVIATIONS = 2;
/** How far an arrow key goes. */
const PRESS = 0.1;

const rounded = (value: number): number => Math.round(100 * Math.min(MEAN_LIMIT, Math.max(-MEAN_LIMIT, value))) / 100;

/** The components' colours, mixed as the responsibilities say. */
const mixed = (responsibilities: ArrayLike<number>): string =>
  `rgb(${[0, 1, 2].map((c) => Math.round(COLOURS.reduce((sum, colour, k) => sum + colour[c]! * responsibilities[k]!, 0))).join(" ")})`;

function ellipse(mixture: PlaneMixture, k: number): Markup {
  const { long, short, angle } = ellipseOf(mixture.covariances.slice(4 * k, 4 * k + 4), DEVIATIONS);
  const [x, y] = placeOf(FRAME, mixture.means[2 * k]!, mixture.means[2 * k + 1]!);
  const scale = FRAME.width / (FRAME.x.to - FRAME.x.from);
  return h("ellipse", {
    cx: x.toFixed(1),
    cy: y.toFixed(1),
    rx: (scale * long).toFixed(1),
    ry: (scale * short).toFixed(1),
    transform: `rotate(${((-angle * 180) / Math.PI).toFixed(1)} ${x.toFixed(1)} ${y.toFixed(1)})`,
    class: "ellipse",
    stroke: `rgb(${COLOURS[k]!.join(" ")})`,
  });
}

/** Points of three clusters, components that one moves, and EM step by step. */
export function mixtureSection(store: Store): Section {
  const { node, stage } = sectionOf(STORY.mixture);
  const points = clusteredPoints();
  const picture = new Picture(FRAME);
  const once = part("button", { type: "button", disabled: "" }, "One EM step") as HTMLButtonElement;
  const again = part("button", { type: "button", disabled: "" }, "Back to the start") as HTMLButtonElement;
  const told = part("p", { class: "told", id: "understand-em", role: "status" }, "Responsibilities come with the GPU.");
  let mixture = beginning(store.now.means);
  let verdict: Verdict | undefined;
  /** The log-likelihood before the last step. */
  let before: number | undefined;
  /** Work on the GPU, one piece after another. */
  let work: (task: () => Promise<void>) => void = () => {};
  let gpu: { engine: Engine; x: Tensor } | undefined;

  function show(): void {
    const shown = verdict;
    const dots = Array.from({ length: points.length / 2 }, (_, i) => {
      const [x, y] = placeOf(FRAME, points[2 * i]!, points[2 * i + 1]!);
      const fill = shown ? mixed(shown.responsibilities.subarray(3 * i, 3 * i + 3)) : "currentColor";
      return h("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: 4, fill });
    });
    picture.draw(
      `${dots.length} points of three clusters, in the colours of three components by their responsibilities`,
      dots,
      [0, 1, 2].map((k) => ellipse(mixture, k)),
    );
    if (!verdict) return;
    const { steps } = store.now;
    const { logLikelihood } = verdict;
    const rise = before === undefined ? "" : `, ${fixed(logLikelihood - before, 4)} above the step before`;
    const value = datum("log-likelihood", logLikelihood, fixed(logLikelihood, 4));
    tell(told, datum("steps", steps, steps === 0 ? "Before the first step" : `After ${steps === 1 ? "1 step" : `${steps} steps`}`), ": mean log-likelihood ", value, ` nats a point${rise}.`); // prettier-ignore
  }

  /** Asks for the verdict on `asked`, unless another has taken its place. */
  const ask = async (asked: PlaneMixture): Promise<void> => {
    if (!gpu || asked !== mixture) return;
    const found = await verdictOf(gpu.engine.gpu, gpu.x, asked);
    if (asked !== mixture) return;
    verdict = found;
    show();
  };
  function begin(means: readonly number[]): void {
    store.set({ means, steps: 0 });
    mixture = beginning(means);
    before = undefined;
    show();
    const asked = mixture;
    work(() => ask(asked));
  }
  const advance = (): void =>
    work(async () => {
      if (!gpu || store.now.steps >= MOST_STEPS) return;
      const from = mixture;
      const next = await afterSteps(gpu.x, from, 1);
      // a mean that was moved meanwhile begins anew
      if (from !== mixture) return;
      before = verdict?.logLikelihood;
      mixture = next;
      store.set({ steps: store.now.steps + 1 });
      await ask(next);
    });

  for (const k of [0, 1, 2] as const) {
    const at = (): readonly [x: number, y: number] => [mixture.means[2 * k]!, mixture.means[2 * k + 1]!];
    const move = (x: number, y: number): void => {
      const means = mixture.means.map(rounded);
      [means[2 * k], means[2 * k + 1]] = [rounded(x), rounded(y)];
      begin(means);
    };
    const handle = picture.add({
      name: `Mean of component ${k + 1}; Enter makes a step of EM`,
      mark: String(k + 1),
      colour: k,
      at,
      move,
      press: (right, up) => move(at()[0] + PRESS * right, at()[1] + PRESS * up),
      words: () => `at ${fixed(at()[0], 2)}, ${fixed(at()[1], 2)}; weight ${fixed(mixture.weights[k]!, 2)}`,
    });
    handle.addEventListener("keydown", ({ key }) => key === "Enter" && advance());
  }
  once.addEventListener("click", advance);
  again.addEventListener("click", () => begin(store.now.steps > 0 ? store.now.means : FIRST.means));
  const controls = part("p", { class: "controls" });
  controls.append(once, again);
  picture.node.classList.add("plane-of-points");
  stage.append(picture.node, controls, told);
  show();

  return {
    node,
    async attach(engine, failed) {
      const x = engine.own(engine.gpu.tensor(points, [points.length / 2, 2]));
      gpu = { engine, x };
      let last = Promise.resolve();
      work = (task) => {
        last = last.then(task).catch(failed);
      };
      const start = beginning(store.now.means);
      mixture = start;
      const found = await afterSteps(x, start, store.now.steps);
      if (mixture === start) mixture = found;
      await ask(mixture);
      for (const button of [once, again]) button.disabled = false;
    },
  };
}
