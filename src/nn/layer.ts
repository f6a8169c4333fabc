import type { Tensor } from "../graph/tensor.ts";

/** A part of a network: named states, and a function of tensors. */
export interface Layer {
  /** States that the optimiser moves, by PyTorch's names. */
  readonly parameters: { readonly [name: string]: Tensor };
  /** States that the layer itself moves while training (running statistics). */
  readonly buffers?: { readonly [name: string]: Tensor };
  /** The layer applied to a batch. */
  forward(x: Tensor, training?: boolean): Tensor;
}

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

/**
 * Layers and functions, one after the other; names are those of the layers.
 *
 *     const net = sequential({ hidden: new Linear(gpu, 784, 400), relu, out: new Linear(gpu, 400, 10) });
 */
export function sequential(steps: { readonly [name: string]: Layer | ((x: Tensor) => Tensor) }): Layer {
  const layers = Object.fromEntries(
    Object.entries(steps).filter((entry): entry is [string, Layer] => typeof entry[1] !== "function"),
  );
  return {
    parameters: named(layers),
    buffers: named(layers, "buffers"),
    forward: (x, training = false) =>
      Object.values(steps).reduce(
        (value, step) => (typeof step === "function" ? step(value) : step.forward(value, training)),
        x,
      ),
  };
}
