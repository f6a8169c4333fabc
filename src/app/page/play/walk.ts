import { byId } from "../download.ts";
import type { Engine } from "../engine.ts";
import { latest } from "./latest.ts";
import { paint } from "./paint.ts";
import type { Point } from "./point.ts";
import { walker } from "./programs.ts";

/** Images of a way, both ends among them. */
const STEPS = 10;

/** Ways between two codes that a person takes from the plane: a straight line and an arc. */
export interface Walk {
  attach(engine: Engine, failed: (error: unknown) => void): Promise<void>;
}

/** Makes the two buttons take the point as an end of the way. */
export function walk(point: Point, from: Float32Array, to: Float32Array): Walk {
  const ends = Float32Array.of(...from, ...to);
  let show = (): void => {};
  for (const [end, id] of ["walk-from", "walk-to"].entries())
    byId(id).addEventListener("click", () => {
      ends.set(point.z, end * point.z.length);
      show();
    });
  return {
    async attach(engine, failed) {
      const step = await walker(engine, STEPS);
      const paintWay = latest(async () => {
        const { images } = await step(ends);
        const half = images.length / 2;
        paint(byId<HTMLCanvasElement>("walk-straight"), images.subarray(0, half));
        paint(byId<HTMLCanvasElement>("walk-spherical"), images.subarray(half));
      }, failed);
      show = () => paintWay(undefined);
      show();
    },
  };
}
