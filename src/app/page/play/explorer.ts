import { byId } from "../download.ts";
import type { Engine } from "../engine.ts";
import { fixed } from "../fixed.ts";
import type { Examples } from "../modelFiles.ts";
import { latest } from "./latest.ts";
import { paint } from "./paint.ts";
import { cells, coordinates, codeAt, planeOfLatents, planeOfRows, type Plane, rest } from "./plane.ts";
import { COLOURS, PlaneView } from "./planeView.ts";
import { Point } from "./point.ts";
import { decoder } from "./programs.ts";
import { Sliders } from "./sliders.ts";

/** Digits in a row of the plane. */
const COLUMNS = 15;

/** The plane that the page begins with. */
export const FIRST_PLANE = "classes";

/** "classes", "principal" or two latents, "2,5", as a plane. */
export function planeNamed(name: string, { directions }: Examples, latent: number): Plane {
  if (name === "classes" || name === "principal") return planeOfRows(directions[name]);
  const [i, j] = name.split(",").map(Number) as [number, number];
  return planeOfLatents(latent, i, j);
}

/** Fills the choice of planes. */
function offerPlanes(select: HTMLSelectElement, latent: number, chosen: string): void {
  const names: [string, string][] = [
    ["classes", "where classes part"],
    ["principal", "principal directions"],
  ];
  for (let i = 0; i < latent; i++)
    for (let j = i + 1; j < latent; j++) names.push([`${i},${j}`, `latents ${i} and ${j}`]);
  select.replaceChildren(...names.map(([value, text]) => new Option(text, value, value === chosen, value === chosen)));
}

/** A code to be shown, and when the person acted. */
interface Shown {
  readonly z: Float32Array<ArrayBuffer>;
  readonly since: number;
}

/** The plane of codes: digits decoded all over it, test codes on it, and a point that one moves. */
export interface Explorer {
  readonly point: Point;
  /** Name of the plane. */
  readonly plane: () => string;
  /** Decodes plane and point by this engine from now on. */
  attach(engine: Engine, failed: (error: unknown) => void): Promise<void>;
}

/** Makes the explorer's controls work. They show nothing before an engine is attached. */
export function explorer(
  examples: Examples,
  latent: number,
  start: { code: Float32Array<ArrayBuffer> | null; plane: string | null },
): Explorer {
  const select = byId<HTMLSelectElement>("plane-choice");
  offerPlanes(select, latent, start.plane ?? FIRST_PLANE);
  const plane = planeNamed(select.value, examples, latent);
  const point = new Point(start.code ?? new Float32Array(latent), plane);
  const view = new PlaneView(byId("plane"), point, examples);
  const sliders = new Sliders(byId("latents"), latent, point);
  const decoded = byId<HTMLCanvasElement>("decoded");
  const words = byId("plane-at");
  const tell = (): void => {
    const [a, b] = coordinates(point.plane, point.z).map((value) => fixed(value, 2));
    words.textContent = `The point is ${a} to the right and ${b} up.`;
  };
  const field = byId<HTMLCanvasElement>("plane-digits");
  let show: (request: Shown) => void = () => {};
  let showPlane = (): void => {};

  point.listen((since) => {
    sliders.show();
    show({ z: point.z, since });
    showPlane();
    tell();
  });
  view.onHover = (at, since) => show({ z: at ? codeAt(point.plane, point.z, ...at) : point.z, since });
  select.addEventListener("change", () => {
    point.plane = planeNamed(select.value, examples, latent);
    point.set(point.z);
  });
  const codes = byId<HTMLInputElement>("plane-codes");
  codes.addEventListener("change", () => {
    view.showsCodes = codes.checked;
    view.draw();
  });
  byId("plane-reset").addEventListener("click", () => point.set(new Float32Array(latent)));
  byId("plane-legend").replaceChildren(...COLOURS.map(legend));

  async function attach(engine: Engine, failed: (error: unknown) => void): Promise<void> {
    const [one, many] = await Promise.all([decoder(engine, 1), decoder(engine, COLUMNS * COLUMNS)]);
    let shown: string | undefined;
    show = latest(async ({ z, since }: Shown) => {
      const { images } = await one(z);
      paint(decoded, images);
      performance.clearMeasures("play point");
      performance.measure("play point", { start: since, end: performance.now() });
    }, failed);
    const fill = latest(async () => {
      const { plane: own, z } = point;
      // points of one plane share its digits
      const key = [...own.u, ...own.v, ...rest(own, z)].map((value) => value.toFixed(3)).join();
      if (key === shown) return;
      const { images } = await many(cells(own, z, COLUMNS));
      paint(field, images, { columns: COLUMNS });
      shown = key;
    }, failed);
    showPlane = () => fill(undefined);
    show({ z: point.z, since: performance.now() });
    showPlane();
  }
  sliders.show();
  tell();
  return { point, plane: () => select.value, attach };
}

function legend(colour: string, digit: number): HTMLElement {
  const item = document.createElement("li");
  const dot = document.createElement("i");
  dot.style.background = colour;
  item.append(dot, String(digit));
  return item;
}
