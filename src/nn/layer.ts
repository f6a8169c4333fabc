import { concat } from "../graph/ops/part.ts";
import { add } from "../graph/ops/arithmetic.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Parameters } from "./parameters.ts";

/** How a layer is applied. */
export interface ForwardOptions {
  /** Whether this is a step of training: batch norm takes the batch's statistics, dropout drops; false. */
  readonly training?: boolean;
  /** Whether running statistics move with it, inside a compiled step; as `training` says. */
  readonly update?: boolean;
  /** The number of the step, where the layer draws. */
  readonly step?: Tensor | number;
}

/** A part of a network: named states, and a function of tensors. */
export interface Layer {
  /** States that the optimiser moves, by PyTorch's names. */
  readonly parameters: Parameters;
  /** States that the layer itself moves while training (running statistics). */
  readonly buffers?: Parameters;
  /** The layer applied to a batch. */
  forward(x: Tensor, options?: ForwardOptions): Tensor;
}

/** A layer, or a function that needs no states. */
export type Step = Layer | ((x: Tensor) => Tensor);

const apply = (step: Step, x: Tensor, options?: ForwardOptions): Tensor =>
  typeof step === "function" ? step(x) : step.forward(x, options);

/**
 * The states of several layers under one roof: `weight` of the layer `fc1` is `fc1.weight`.
 *
 *     const parameters = named({ encoder: new Linear(gpu, 784, 20) });
 */
export function named(
  layers: { readonly [name: string]: Layer },
  of: "parameters" | "buffers" = "parameters",
): { [name: string]: Tensor } {
  return Object.fromEntries(
    Object.entries(layers).flatMap(([layer, { [of]: states = {} }]) =>
      Object.entries(states).map(([name, state]) => [`${layer}.${name}`, state]),
    ),
  );
}

/** A layer of several, whose names begin with theirs. */
function composed(steps: { readonly [name: string]: Step }, forward: Layer["forward"]): Layer {
  const layers = Object.fromEntries(
    Object.entries(steps).filter((entry): entry is [string, Layer] => typeof entry[1] !== "function"),
  );
  return { parameters: named(layers), buffers: named(layers, "buffers"), forward };
}

/**
 * Layers and functions, one after the other; names are those of the layers.
 *
 *     const net = sequential({ hidden: new Linear(gpu, 784, 400), relu, out: new Linear(gpu, 400, 10) });
 */
export const sequential = (steps: { readonly [name: string]: Step }): Layer =>
  composed(steps, (x, options) => Object.values(steps).reduce((value, step) => apply(step, value, options), x));

/**
 * x + steps(x), or shortcut(x) + steps(x) where the steps change the shape. Source: He et al. 2016.
 *
 *     const block = residual({ conv1: new Conv2d(gpu, 8, 8, { padding: 1 }), relu, conv2: new Conv2d(gpu, 8, 8, { padding: 1 }) });
 */
export function residual(steps: { readonly [name: string]: Step }, options: { readonly shortcut?: Step } = {}): Layer {
  const { shortcut } = options;
  const inner = sequential(steps);
  return composed({ ...steps, ...(shortcut ? { shortcut } : {}) }, (x, how) =>
    add(shortcut ? apply(shortcut, x, how) : x, inner.forward(x, how)),
  );
}

/**
 * All branches applied to the same input, their results side by side along `axis` (1, the channels).
 *
 *     const block = branches({ narrow: new Conv2d(gpu, 8, 4, { kernel: 1 }), wide: new Conv2d(gpu, 8, 4, { padding: 1 }) });
 */
export const branches = (steps: { readonly [name: string]: Step }, options: { readonly axis?: number } = {}): Layer =>
  composed(steps, (x, how) =>
    concat(
      Object.values(steps).map((step) => apply(step, x, how)),
      options.axis ?? 1,
    ),
  );
