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

function neighbourRow({ generated, nearest }: Neighbours): Element {
  const row = element(
    h("div", { class: "neighbour-row", role: "group", "aria-label": `Nearest to ${generated.name}` }),
  );
  row.append(picture(generated, "generated"));
  for (const { tile, distance } of nearest) row.append(picture(tile, "real", distance.toPrecision(3)));
  return row;
}

function manifoldRow(title: string, tiles: readonly Tile[], samples: string): Element {
  const node = element(h("div", {}, h("h4", {}, title)));
  const row = element(h("div", { class: "tiles" }));
  row.append(...tiles.map((tile) => picture(tile, samples)));
  node.append(row);
  return node;
}

const title = (text: string): Element => element(h("h3", {}, text));
const note = (text: string): Element => element(h("p", { class: "note" }, text));

/** Shows the pictures that go with the numbers, a row a frame: painting them at once would hold the page. */
export async function showGallery(place: HTMLElement, { neighbours, precision, recall }: Gallery): Promise<void> {
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  const rows = element(h("div", { class: "neighbours" }));
  place.replaceChildren(
    title("Nearest real images"),
    note(
      "A generated image, then the real ones nearest to it in the space of the features, with their distances. A distance of 0 is a copy.",
    ),
    rows,
  );
  for (const one of neighbours) {
    await frame();
    rows.append(neighbourRow(one));
  }
  const manifolds: [Manifold | undefined, name: string, samples: string, set: string][] = [
    [precision, "Precision", "generated", "real"],
    [recall, "Recall", "real", "generated"],
  ];
  for (const [manifold, name, samples, set] of manifolds) {
    if (!manifold) continue;
    const { inside, count, insiders, outsiders } = manifold;
    place.append(title(`${name}: which ${samples} images are counted`));
    await frame();
    place.append(
      manifoldRow(`${inside} of ${count} ${samples} images lie inside the ${set} manifold`, insiders, samples),
    );
    await frame();
    place.append(manifoldRow(`${count - inside} of ${count} lie outside`, outsiders, samples));
  }
  const balls = `A manifold is the union of balls around the images of a set, each as far as the image's ${K} nearest neighbours.`;
  place.append(note(precision ? balls : `Manifolds need more than ${K} images in each set.`));
}
