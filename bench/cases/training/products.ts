// The three products of a layer in float64. Each is linear in x and in w, so that the others are its gradients.

import { count, PADDING, STRIDE, type Layer } from "./network.ts";

type Values = Float64Array;

/** w: the weight as PyTorch has it; x: [features, batch] what goes into the layer, y: [features, batch] what comes out. */
export interface Products {
  forward(x: Values, w: Values): Values;
  /** ∂/∂x of Σ g·forward(x, w). */
  byInput(g: Values, w: Values): Values;
  /** ∂/∂w of Σ g·forward(x, w). */
  byWeight(x: Values, g: Values): Values;
}

/** Every x[a]·w[b] that is a term of y[c], and how many elements x and y have. */
interface Terms {
  x: number;
  y: number;
  each(term: (a: number, b: number, c: number) => void): void;
}

/** y = w·x. */
function linear([outputs, inputs]: readonly number[]): Terms {
  return {
    x: inputs!,
    y: outputs!,
    each(term) {
      for (let o = 0; o < outputs!; o++) for (let i = 0; i < inputs!; i++) term(i, o * inputs! + i, o);
    },
  };
}

/** w: [out, in, kernel, kernel]; y has images of `side`, x of STRIDE times that. */
function conv2d([out, inner, kernel]: readonly number[], side: number): Terms {
  const wide = side * STRIDE;
  const inside = (at: number) => at >= 0 && at < wide;
  return {
    x: inner! * wide ** 2,
    y: out! * side ** 2,
    each(term) {
      for (let b = 0; b < out! * inner! * kernel! ** 2; b++) {
        const [o, c] = [Math.floor(b / (inner! * kernel! ** 2)), Math.floor(b / kernel! ** 2) % inner!];
        const [top, left] = [(Math.floor(b / kernel!) % kernel!) - PADDING, (b % kernel!) - PADDING];
        for (let i = 0; i < side; i++)
          for (let j = 0; j < side; j++) {
            const [row, column] = [i * STRIDE + top, j * STRIDE + left];
            if (inside(row) && inside(column)) term((c * wide + row) * wide + column, b, (o * side + i) * side + j);
          }
      }
    },
  };
}

/** Rows of `batch` values as they are multiplied and added: the inner loops run along memory. */
function products({ x: inputs, y: outputs, each }: Terms, weights: number, batch: number): Products {
  return {
    forward(x, w) {
      const y = new Float64Array(outputs * batch);
      each((a, b, c) => {
        const factor = w[b]!;
        for (let n = 0; n < batch; n++) y[c * batch + n]! += factor * x[a * batch + n]!;
      });
      return y;
    },
    byInput(g, w) {
      const dx = new Float64Array(inputs * batch);
      each((a, b, c) => {
        const factor = w[b]!;
        for (let n = 0; n < batch; n++) dx[a * batch + n]! += factor * g[c * batch + n]!;
      });
      return dx;
    },
    byWeight(x, g) {
      const dw = new Float64Array(weights);
      each((a, b, c) => {
        let sum = 0;
        for (let n = 0; n < batch; n++) sum += x[a * batch + n]! * g[c * batch + n]!;
        dw[b]! += sum;
      });
      return dw;
    },
  };
}

/** A transposed convolution is the gradient of one by its input. */
const transposed = ({ forward, byInput, byWeight }: Products): Products => ({
  forward: byInput,
  byInput: forward,
  byWeight: (x, g) => byWeight(g, x),
});

export function productsOf({ kind, shape, side }: Layer, batch: number): Products {
  const terms = kind === "linear" ? linear(shape) : conv2d(shape, side);
  const found = products(terms, count(shape), batch);
  return kind === "convTranspose2d" ? transposed(found) : found;
}
