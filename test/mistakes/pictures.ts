import type { Anything, Mistake } from "./mistake.ts";

const pixels = { data: new Uint8ClampedArray(16), width: 2, height: 2 };

/** Pictures in and out, in Node, which has no canvas. */
export const mistakes: readonly Mistake[] = [
  [
    (gpu: Anything) => gpu.fromImage("digit.png"),
    "argument",
    /^fromImage: expected a canvas, ImageBitmap, ImageData, image, video, VideoFrame or GPUTexture; got digit\.png\.$/,
  ],
  [(gpu: Anything) => gpu.fromImage(undefined), "argument", /^fromImage: expected a canvas, .*; got undefined\.$/],
  [
    (gpu: Anything) => gpu.fromImage(new Float32Array(4)),
    "argument",
    /^fromImage: expected a canvas, .*; got Float32Array\.$/,
  ],
  [
    (gpu: Anything) => gpu.fromImage({ ...pixels, height: 0 }),
    "argument",
    /; got Object of 2 × 0: closed, detached or not loaded\.$/,
  ],
  // a canvas of another package
  [
    (gpu: Anything) => gpu.fromImage({ width: 2, height: 2, getContext() {} }),
    "unsupported",
    /^fromImage: Object gives no pixels here\./,
  ],
  [
    (gpu: Anything) => gpu.fromImage({ ...pixels, data: new Uint8ClampedArray(12) }),
    "shape",
    /^fromImage: expected R, G, B, A of 2 × 2 pixels; got 12 bytes\.$/,
  ],
  [(gpu: Anything) => gpu.fromImage([]), "argument", /^fromImage: expected at least one image; got none\.$/],
  [
    (gpu: Anything) => gpu.fromImage([pixels, "digit.png"]),
    "argument",
    /^fromImage, image 1: expected a canvas, .*; got digit\.png\.$/,
  ],
  [
    (gpu: Anything) => gpu.fromImage([pixels, { data: new Uint8ClampedArray(8), width: 2, height: 1 }]),
    "shape",
    /^fromImage, image 1: expected 2 × 2 pixels, as in the first; got 2 × 1\. Give a size\.$/,
  ],
  [
    (gpu: Anything) => gpu.fromImage([pixels, { width: 2, height: 2, getContext() {} }]),
    "unsupported",
    /^fromImage, image 1: Object gives no pixels here\./,
  ],
  [
    (gpu: Anything) => gpu.fromImage(pixels, { width: 28 }),
    "argument",
    /^fromImage: unknown option\. Expected only size, channels, range; got "width"/,
  ],
  ...[
    { size: 0 },
    { size: [2.5, 2] },
    { size: [2] },
    { size: [2, 2, 2] },
    { channels: 2 },
    { channels: "3" },
    { range: [0, Number.NaN] },
    { range: 255 },
  ].map((options): Mistake => [
    (gpu: Anything) => gpu.fromImage(pixels, options),
    "argument",
    /^fromImage: expected size \[height, width\], channels 1, 3 or 4, range \[low, high\]; got /,
  ]),
  [
    (gpu: Anything) => gpu.toTexture(gpu.zeros([3])),
    "shape",
    /^toTexture: expected \[h, w\], \[c, h, w\] or \[1, c, h, w\] with 1, 3 or 4 channels; got Tensor f32 \[3\]/,
  ],
  [
    (gpu: Anything) => gpu.toTexture(gpu.zeros([2, 1, 4, 4])),
    "shape",
    /^toTexture: expected .*; got Tensor f32 \[2, 1, 4, 4\]/,
  ],
  [(gpu: Anything) => gpu.toTexture(gpu.zeros([2, 4, 4])), "shape", /^toTexture: expected .* with 1, 3 or 4 channels/],
  [(gpu: Anything) => gpu.toTexture(gpu.zeros([0, 4])), "shape", /^toTexture: expected .*; got Tensor f32 \[0, 4\]/],
  [
    (gpu: Anything) => gpu.toTexture(gpu.zeros([2, 2], { dtype: "i32" })),
    "argument",
    /^toTexture: expected f32 in \[0, 1\], u8 or bool; got Tensor i32 \[2, 2\]\. Cast it/,
  ],
  [
    (gpu: Anything) => gpu.toTexture([[1, 2]]),
    "argument",
    /^toTexture: expected a tensor; got an array\. Make a tensor of it/,
  ],
  [(gpu: Anything) => gpu.toTexture(gpu.zeros([2, 2]), 5), "argument", /^toTexture: expected a GPUTexture; got 5/],
  [
    (gpu: Anything) => gpu.draw(gpu.zeros([2, 2]), {}),
    "unsupported",
    /^draw: there are no canvases here\. Use gpu\.toTexture/,
  ],
  [
    (gpu: Anything) => gpu.draw(gpu.zeros([4]), {}),
    "shape",
    /^draw: expected \[n, c, h, w\], \[c, h, w\] or \[h, w\] with 1, 3 or 4 channels; got Tensor f32 \[4\]/,
  ],
  [
    (gpu: Anything) => gpu.draw(gpu.zeros([2, 2]), {}, { colormap: "jet" }),
    "argument",
    /^draw: expected colormap grey, viridis, magma; got jet/,
  ],
  [
    (gpu: Anything) => gpu.draw(gpu.zeros([3, 2, 2]), {}, { colormap: "magma" }),
    "argument",
    /^draw: a colour map is for images of one channel/,
  ],
  [
    (gpu: Anything) => gpu.draw(gpu.zeros([2, 2]), {}, { columns: 0 }),
    "argument",
    /^draw: expected columns, a whole number > 0; got 0/,
  ],
  [
    (gpu: Anything) => gpu.draw(gpu.zeros([2, 2]), {}, { columns: 1e9 }),
    "limit",
    /^draw: too many pixels in a line\. Expected at most 262144; got a grid of 2000000000 × 2/,
  ],
  [
    (gpu: Anything) => gpu.draw(gpu.zeros([2, 2]), {}, { rows: 2 }),
    "argument",
    /^draw: unknown option\. Expected only columns, colormap; got "rows"/,
  ],
];
