import { slice } from "../../graph/ops/slice.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { PictureReport } from "../report.ts";
import type { JobContext } from "./modelEntry.ts";
import { concatenated } from "../../formats/concatenated.ts";
import { gridPicture } from "./pictures.ts";

/** Images of one row. */
const COLUMNS = 12;
/** Pairs of digits whose codes are joined by a line. */
const PAIRS = 4;

/** What auto-encoders of either kind can do with images. */
export interface Coder {
  reconstruct(x: Tensor): Tensor;
  interpolate(a: Tensor, b: Tensor, n: number): Tensor;
}

/** Test images above their reconstructions, and walks between the codes of test images. */
export async function codePictures(
  { gpu, test }: JobContext,
  coder: Coder,
  key: string,
  name: string,
): Promise<PictureReport[]> {
  return gpu.scope(async () => {
    const columns = Math.min(COLUMNS, test.count);
    const images = test.slice(0, columns);
    // the tensor's own promise: where it is awaited the scope goes on
    const read = (tensor: Tensor) => tensor.read() as Promise<Float32Array>;
    const pairs = concatenated(Float32Array, [await read(images), await read(coder.reconstruct(images))]);
    const pictures = [
      gridPicture(
        `${key}-reconstructions`,
        `${name}: test images above, what their codes decode to below.`,
        pairs,
        [2 * columns, 1, 28, 28],
        columns,
      ),
    ];
    const walks: Float32Array[] = [];
    for (let pair = 0; pair < Math.min(PAIRS, Math.floor(columns / 2)); pair++) {
      const [a, b] = [slice(images, 0, 2 * pair, 2 * pair + 1), slice(images, 0, 2 * pair + 1, 2 * pair + 2)];
      walks.push(await read(coder.interpolate(a, b, COLUMNS)));
    }
    if (walks.length > 0) {
      const caption = `${name}: decoded points on the straight line between the codes of two test images, a pair in each row.`;
      pictures.push(
        gridPicture(
          `${key}-interpolation`,
          caption,
          concatenated(Float32Array, walks),
          [walks.length * COLUMNS, 1, 28, 28],
          COLUMNS,
        ),
      );
    }
    return pictures;
  });
}
