import { element, h } from "../../report/markup.ts";
import { type Gallery, K, type Manifold, type Neighbours, type Tile } from "./gallery.ts";

/** Paints planes of a picture, channels one after the other, as they are; bytes, or floats from 0 to 1. */
function paint(canvas: HTMLCanvasElement, { shape, values }: Tile): void {
  const [channels, height, width] = shape as [number, number, number];
  canvas.width = width;
  canvas.height = height;
  const area = width * height;
  const scale = values instanceof Uint8Array ? 1 : 255;
  const image = new ImageData(width, height);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = scale * values[(c % channels) * area + i]!;
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}

function picture(tile: Tile, words: string, note = ""): HTMLElement {
  const figure = element(
    h(
      "figure",
      {},
      h("canvas", { role: "img", "aria-label": `${words}: ${tile.name}` }),
      h("figcaption", {}, tile.name, note ? h("small", {}, note) : null),
    ),
  ) as HTMLElement;
  paint(figure.querySelector("canvas")!, tile);
  return figure;
}

function neighbourRows(all: readonly Neighbours[]): HTMLElement {
  const node = element(h("div", { class: "neighbours" })) as HTMLElement;
  for (const { generated, nearest } of all) {
    const row = element(h("div", { class: "neighbour-row", role: "group", "aria-label": `Nearest to ${generated.name}` }));
    row.append(picture(generated, "generated"));
    for (const { tile, distance } of nearest) row.append(picture(tile, "real", distance.toPrecision(3)));
    node.append(row);
  } // prettier-ignore
  return node;
}

function manifoldRows(of: Manifold, samples: string, set: string): Element[] {
  const { inside, count, insiders, outsiders } = of;
  return [
    { title: `${inside} of ${count} ${samples} images lie inside the ${set} manifold`, tiles: insiders },
    { title: `${count - inside} of ${count} lie outside`, tiles: outsiders },
  ].map(({ title, tiles }) => {
    const node = element(h("div", {}, h("h4", {}, `${title}${tiles.length ? "" : "."}`)));
    const row = element(h("div", { class: "tiles" }));
    row.append(...tiles.map((tile) => picture(tile, samples)));
    node.append(row);
    return node;
  });
}

/** The pictures that go with the numbers. */
export function galleryView({ neighbours, precision, recall }: Gallery): Element[] {
  const title = (text: string): Element => element(h("h3", {}, text));
  const note = (text: string): Element => element(h("p", { class: "note" }, text));
  const nodes = [
    title("Nearest real images"),
    note("A generated image, then the real ones nearest to it in the space of the features, with their distances. A distance of 0 is a copy."),
    neighbourRows(neighbours),
  ]; // prettier-ignore
  const rest: [Manifold | undefined, title: string, samples: string, set: string][] = [
    [precision, "Precision", "generated", "real"],
    [recall, "Recall", "real", "generated"],
  ];
  for (const [manifold, name, samples, set] of rest)
    if (manifold) nodes.push(title(`${name}: which ${samples} images are counted`), ...manifoldRows(manifold, samples, set)); // prettier-ignore
  const what = `A manifold is the union of balls around the rows of a set, each reaching to its other row number ${K}.`;
  return [...nodes, note(precision ? what : `Manifolds need more than ${K} images in each set.`)];
}
