import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { greedy, overlapOf, weighted } from "../src/features/boxes.ts";
import { BlazeFace, detectionRate, type Gpu, Objectron, type Tensor, TinyFace } from "../src/index.ts";
import { ssdAnchors } from "../src/features/ssd.ts";
import { failure, openShared } from "./helpers.ts";
import { relative } from "./oracles/networks.ts";

interface Found {
  readonly score: number;
  /** x, y, width and height as fractions of the image. */
  readonly box: number[];
}
interface Raw {
  readonly first16: number[];
  readonly l2: number;
}
interface Face extends Found {
  /** [x, y] of each, as fractions. */
  readonly keypoints: number[][];
}
const { tinyFace, blazeFace } = JSON.parse(readFileSync("test/data/detectors.json", "utf8")) as {
  readonly tinyFace: (Raw & { readonly image: string; readonly size: number; readonly detections: Found[] })[];
  readonly blazeFace: {
    readonly scores: Raw;
    readonly boxes: Raw;
    readonly greedy: Face[];
    readonly weighted: Face[];
  }[];
};
const avatars = new Uint8Array(gunzipSync(readFileSync("test/data/avatars.bin.gz")));
const SIDE = 128;
const tinyFile = () =>
  new Uint8Array(readFileSync("node_modules/@vladmandic/face-api/model/tiny_face_detector_model.bin"));

const blazeFile = () =>
  new Uint8Array(readFileSync("node_modules/@mediapipe/face_detection/face_detection_short_range.tflite"));

/** Raw numbers, relative L2; scores and fractions of the image, absolute. The runtimes that were compared are within 2e-6. */
const LIMIT = 2e-5;

let gpu: Gpu;
/** [3, 3, 128, 128], u8 */
let images: Tensor;
beforeAll(async () => {
  gpu = await openShared();
  const planes = Uint8Array.from({ length: avatars.length }, (_, i) => {
    const [image, c, pixel] = [Math.floor(i / 3 / SIDE ** 2), Math.floor(i / SIDE ** 2) % 3, i % SIDE ** 2];
    return avatars[(image * SIDE ** 2 + pixel) * 3 + c]!;
  });
  images = gpu.tensor(planes, [3, 3, SIDE, SIDE]);
});
afterAll(() => gpu.dispose());

const l2 = (values: Iterable<number>) => Math.hypot(...values);

describe("TinyFace", () => {
  test.each([128, 160])("says of the avatars at %i pixels what face-api says", async (size) => {
    using detector = await TinyFace.load(gpu, tinyFile(), { size });
    const expected = tinyFace.filter((one) => one.size === size);
    using predictions = detector.predictions(images);
    const values = await predictions.read();
    const each = values.length / 3;
    const boxes = await detector.detect(images);
    for (const [i, { first16, l2: norm, detections }] of expected.entries()) {
      const raw = values.subarray(i * each, (i + 1) * each);
      expect(relative(raw.subarray(0, 16), first16)).toBeLessThan(LIMIT);
      expect(Math.abs(l2(raw) / norm - 1)).toBeLessThan(LIMIT);
      expect(boxes[i]!.length).toBe(detections.length);
      for (const [k, { score, box }] of detections.entries()) {
        const { x, y, width, height, score: found } = boxes[i]![k]!;
        const fractions = [x, y, width, height].map((v) => v / SIDE);
        for (const [j, value] of [score, ...box].entries())
          expect(Math.abs([found, ...fractions][j]! - value)).toBeLessThan(LIMIT);
      }
    }
  });

  test("a wide image is made square below: boxes stay where they are", async () => {
    using detector = await TinyFace.load(gpu, tinyFile(), { size: 160 });
    const [, whole] = await detector.detect(images);
    using wide = gpu.tensor(
      Uint8Array.from({ length: 3 * 110 * SIDE }, (_, i) => {
        const [c, y, x] = [Math.floor(i / SIDE / 110), Math.floor(i / SIDE) % 110, i % SIDE];
        return avatars[(SIDE ** 2 + y * SIDE + x) * 3 + c]!;
      }),
      [1, 3, 110, SIDE],
    );
    const [found] = await detector.detect(wide);
    expect(overlapOf(found![0]!, whole![0]!)).toBeGreaterThan(0.5);
    expect(detector.features(images).shape).toEqual([3, 512]);
  });

  test("detectionRate takes it as a detector", async () => {
    using detector = await TinyFace.load(gpu, tinyFile(), { size: 160 });
    using floats = gpu.tensor(
      Float32Array.from(await images.read(), (v) => v / 255),
      images.shape,
    );
    const { value, detector: name } = await detectionRate(floats, detector);
    expect([value, name]).toEqual([1, `tiny face detector, 160 px (${detector.checksum})`]);
  });

  test("another file and options out of range are named", async () => {
    const changed = tinyFile();
    changed[1000]! ^= 1;
    const wrong: [file: Uint8Array, options: object, code: string, said: RegExp][] = [
      [tinyFile().subarray(1), {}, "format", /193321 bytes.*got 193320/],
      [changed, {}, "format", /CRC-32/],
      [tinyFile(), { size: 100 }, "argument", /multiple of 32.*100/],
      [tinyFile(), { threshold: 2 }, "argument", /threshold.*2/],
      [tinyFile(), { suppression: "soft" }, "argument", /"greedy" or "weighted"; got "soft"/],
      [tinyFile(), { nms: 0.5 }, "argument", /nms/],
    ];
    for (const [file, options, code, said] of wrong) {
      const error = await failure(() => TinyFace.load(gpu, file, options));
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(said)]);
    }
  });
});

describe("BlazeFace", () => {
  test("says of the avatars what TensorFlow Lite says", async () => {
    using detector = await BlazeFace.load(gpu, blazeFile());
    const { boxes, scores } = detector.predictions(images);
    await gpu.evaluate([boxes, scores]);
    for (const [name, tensor] of Object.entries({ boxes, scores })) {
      const values = await tensor.read();
      const each = values.length / 3;
      for (const [i, expected] of blazeFace.entries()) {
        const { first16, l2: norm } = expected[name as "boxes" | "scores"];
        const raw = values.subarray(i * each, (i + 1) * each);
        expect(relative(raw.subarray(0, 16), first16)).toBeLessThan(LIMIT);
        expect(Math.abs(l2(raw) / norm - 1)).toBeLessThan(LIMIT);
      }
    }
    expect(detector.features(images).shape).toEqual([3, 96]);
  });

  test.each(["greedy", "weighted"] as const)(
    "finds the faces by %s suppression, with keypoints",
    async (suppression) => {
      using detector = await BlazeFace.load(gpu, blazeFile(), { suppression });
      const found = await detector.detect(images);
      for (const [i, expected] of blazeFace.entries()) {
        const faces = expected[suppression];
        expect(found[i]!.length).toBe(faces.length);
        for (const [k, { score, box, keypoints }] of faces.entries()) {
          const { x, y, width, height, score: sure, keypoints: points } = found[i]![k]!;
          const values = [x, y, width, height, ...points!.flatMap((p) => [p.x, p.y])].map((v) => v / SIDE);
          for (const [j, value] of [score, ...box, ...keypoints.flat()].entries())
            expect(Math.abs([sure, ...values][j]! - value)).toBeLessThan(LIMIT);
        }
      }
    },
  );

  test("other files are named, and leave nothing behind", async () => {
    const { buffers } = gpu.memory();
    const whole = blazeFile();
    const wrong: [file: Uint8Array, said: RegExp][] = [
      [tinyFile(), /TFL3/],
      [whole.slice(0, 100), /out of the file/],
      [whole.slice(0, 200_000), /out of the file/],
      [
        new Uint8Array(readFileSync("node_modules/@mediapipe/face_detection/face_detection_full_range.tflite")),
        /an op is not read here|takes other images/,
      ],
    ];
    for (const [file, said] of wrong) expect((await failure(() => BlazeFace.load(gpu, file))).message).toMatch(said);
    expect(gpu.memory().buffers).toBe(buffers);
  });

  test("a file with changed bytes is loaded, or refused by name", async () => {
    const whole = blazeFile();
    let refused = 0;
    for (let k = 0; k < 300; k++) {
      const file = whole.slice();
      // structure lies at the ends of the file, weights between
      const at = Math.imul(k + 1, 2654435761) >>> 0;
      const place = k % 3 === 0 ? at % 2048 : file.length - 1 - (at % 30_000);
      file[place] = at >>> 24;
      try {
        (await BlazeFace.load(gpu, file)).dispose();
      } catch (error) {
        refused++;
        expect((error as Error).name).toBe("LatentError");
        expect((error as Error).message).toMatch(/^BlazeFace\.load: /);
      }
    }
    expect(refused).toBeGreaterThan(10);
  });
});

describe("Objectron", () => {
  test("its anchors are three in each cell of the first map, six in those of the others", () => {
    const anchors = ssdAnchors(300, [16, 32, 64, 128, 256, 512]);
    expect(anchors).toHaveLength(1917);
    expect(anchors[0]).toEqual({ x: 0.5 / 19, y: 0.5 / 19, width: 0.1, height: 0.1 });
    // ratio 2 at scale 0.2; the last one of all is the square of √(0.95 · 1)
    expect(anchors[1]!.width).toBeCloseTo(0.2 * Math.SQRT2, 12);
    expect(anchors[1]!.height).toBeCloseTo(0.2 / Math.SQRT2, 12);
    for (const [name, value] of Object.entries({ x: 0.5, y: 0.5, width: Math.sqrt(0.95), height: Math.sqrt(0.95) }))
      expect(anchors.at(-1)![name as "x"]).toBeCloseTo(value, 12);
    // rows before columns: the second cell lies to the right
    expect([anchors[3]!.x, anchors[3]!.y]).toEqual([1.5 / 19, 0.5 / 19]);
  });

  test("other files and options are named", async () => {
    const { buffers } = gpu.memory();
    const wrong: [file: Uint8Array, options: object, said: RegExp][] = [
      [tinyFile(), {}, /TFL3/],
      [blazeFile(), {}, /takes other images.*300, 300, 3.*128, 128, 3/],
      [blazeFile(), { overlap: -1 }, /overlap.*-1/],
    ];
    for (const [file, options, said] of wrong)
      expect((await failure(() => Objectron.load(gpu, file, options))).message).toMatch(said);
    expect(gpu.memory().buffers).toBe(buffers);
  });
});

describe("suppression", () => {
  const box = (x: number, score: number, keypoint = x) => ({
    x,
    y: 0,
    width: 10,
    height: 10,
    score,
    keypoints: [{ x: keypoint, y: 1 }],
  });

  test("overlap is intersection over union", () => {
    expect(overlapOf(box(0, 1), box(5, 1))).toBeCloseTo(1 / 3, 12);
    expect(overlapOf(box(0, 1), box(10, 1))).toBe(0);
    expect(overlapOf(box(3, 1), box(3, 1))).toBe(1);
  });

  test("greedy keeps the best of those that overlap by more than the limit", () => {
    const [a, b, c] = [box(0, 0.6), box(2, 0.9), box(9, 0.7)];
    expect(greedy([a, b, c], 0.3)).toEqual([b, c]);
    // equal to the limit is not more
    expect(greedy([box(0, 0.9), box(5, 0.8)], 1 / 3)).toHaveLength(2);
    expect(greedy([], 0.3)).toEqual([]);
  });

  test("weighted takes the mean of those, by score, and keeps the best score", () => {
    const [merged, apart] = weighted([box(0, 0.25, 4), box(2, 0.75, 8), box(40, 0.5)], 0.3);
    expect(merged).toEqual({ x: 1.5, y: 0, width: 10, height: 10, score: 0.75, keypoints: [{ x: 7, y: 1 }] });
    expect(apart!.x).toBeCloseTo(40, 12);
  });
});
