// The training step in float64 on the CPU: what every engine's losses are compared with.

import type { Inputs } from "../../workload.ts";
import type { Layer, Network } from "./network.ts";
import { productsOf } from "./products.ts";

type Values = Float64Array;
export type Parameters = { readonly [name: string]: Values };

export interface Adam {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** Batch first to batch last, or back: here all values lie as [features, batch]. */
function turned(values: Values, rows: number): Values {
  const columns = values.length / rows;
  return values.map((_, at) => values[(at % rows) * columns + Math.floor(at / rows)]!);
}

/** Calls `each` for every value of y [channels, …], with the index of its channel. */
function perChannel(y: Values, channels: number, each: (at: number, channel: number) => void): void {
  const plane = y.length / channels;
  for (let at = 0; at < y.length; at++) each(at, Math.floor(at / plane));
}

/** What came out of layers, and the way back: `vjp` fills in gradients of parameters and returns that of x. */
interface Passed {
  y: Values;
  vjp(dy: Values, gradients: { [name: string]: Values }): Values;
}

function through(layers: readonly Layer[], parameters: Parameters, x: Values, batch: number): Passed {
  const values = [x];
  for (const [i, layer] of layers.entries()) {
    const y = productsOf(layer, batch).forward(values[i]!, parameters[`${layer.name}.weight`]!);
    const bias = parameters[`${layer.name}.bias`]!;
    const low = i < layers.length - 1 ? 0 : -Infinity;
    perChannel(y, bias.length, (at, channel) => (y[at] = Math.max(y[at]! + bias[channel]!, low)));
    values.push(y);
  }
  return {
    y: values.at(-1)!,
    vjp(dy, gradients) {
      for (const [i, layer] of [...layers.entries()].reverse()) {
        const y = values[i + 1]!;
        if (i < layers.length - 1) dy = dy.map((d, at) => (y[at]! > 0 ? d : 0));
        const weight = parameters[`${layer.name}.weight`]!;
        const dBias = new Float64Array(parameters[`${layer.name}.bias`]!.length);
        perChannel(dy, dBias.length, (at, channel) => (dBias[channel]! += dy[at]!));
        const product = productsOf(layer, batch);
        gradients[`${layer.name}.bias`] = dBias;
        gradients[`${layer.name}.weight`] = product.byWeight(values[i]!, dy);
        dy = product.byInput(dy, weight);
      }
      return dy;
    },
  };
}

/** Loss in nats per image; `gradient` is by all parameters. images: [batch, …], noise: [batch, latent]. */
export function forward(
  { encoder, decoder, latent }: Network,
  parameters: Parameters,
  images: Values,
  noise: Values,
): { loss: number; gradient(): Parameters } {
  const batch = noise.length / latent;
  const [x, eps] = [turned(images, batch), turned(noise, batch)];
  const encoded = through(encoder, parameters, x, batch);
  const [mu, l] = [encoded.y.subarray(0, eps.length), encoded.y.subarray(eps.length)];
  const z = eps.map((e, i) => mu[i]! + e * Math.exp(l[i]! / 2));
  const decoded = through(decoder, parameters, z, batch);
  let loss = 0;
  for (let i = 0; i < z.length; i++) loss += (mu[i]! ** 2 + Math.exp(l[i]!) - 1 - l[i]!) / 2;
  for (const [i, a] of decoded.y.entries()) loss += Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))) - x[i]! * a;

  return {
    loss: loss / batch,
    gradient() {
      const gradients: { [name: string]: Values } = {};
      const dLogits = decoded.y.map((a, i) => (1 / (1 + Math.exp(-a)) - x[i]!) / batch);
      const dz = decoded.vjp(dLogits, gradients);
      const dHeads = new Float64Array(2 * z.length);
      for (const [i, d] of dz.entries()) {
        dHeads[i] = d + mu[i]! / batch;
        dHeads[z.length + i] = (d * eps[i]! * Math.exp(l[i]! / 2)) / 2 + (Math.exp(l[i]!) - 1) / (2 * batch);
      }
      encoded.vjp(dHeads, gradients);
      return gradients;
    },
  };
}

interface Moments {
  first: Values;
  second: Values;
}

function update(value: Values, { first, second }: Moments, d: Values, step: number, adam: Adam): void {
  const { rate, beta1, beta2, epsilon } = adam;
  for (let i = 0; i < d.length; i++) {
    first[i] = beta1 * first[i]! + (1 - beta1) * d[i]!;
    second[i] = beta2 * second[i]! + (1 - beta2) * d[i]! * d[i]!;
    value[i]! -= (rate * (first[i]! / (1 - beta1 ** step))) / (Math.sqrt(second[i]! / (1 - beta2 ** step)) + epsilon);
  }
}

/** Losses of the first `steps` steps in nats per image, each before its update, with the same images and noise in all. */
export function losses(network: Network, inputs: Inputs, adam: Adam, steps: number): number[] {
  const { images, noise, ...parameters } = Object.fromEntries(
    Object.entries(inputs).map(([name, { values }]) => [name, Float64Array.from(values)]),
  );
  const moments = Object.fromEntries(
    Object.entries(parameters).map(([name, { length }]) => [
      name,
      { first: new Float64Array(length), second: new Float64Array(length) },
    ]),
  );
  const result: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const { loss, gradient } = forward(network, parameters, images!, noise!);
    result.push(loss);
    if (step === steps) break; // the last update changes no loss that is asked for
    for (const [name, d] of Object.entries(gradient())) update(parameters[name]!, moments[name]!, d, step, adam);
  }
  return result;
}
