// The training step in float64 on the CPU: what every engine's losses are compared with.

import { ADAM, type Linear, type Problem } from "./problem.ts";

/** A layer with its Adam moments. */
interface Layer {
  inputs: number;
  outputs: number;
  weight: Moments;
  bias: Moments;
}

interface Moments {
  value: Float64Array;
  first: Float64Array;
  second: Float64Array;
}

function moments(values: Float32Array): Moments {
  return {
    value: Float64Array.from(values),
    first: new Float64Array(values.length),
    second: new Float64Array(values.length),
  };
}

function layer({ inputs, outputs, weight, bias }: Linear): Layer {
  return { inputs, outputs, weight: moments(weight), bias: moments(bias) };
}

/** x·Wᵀ + b: [batch, outputs]. */
function forward({ inputs, outputs, weight, bias }: Layer, x: Float64Array): Float64Array {
  const batch = x.length / inputs;
  const y = new Float64Array(batch * outputs);
  for (let b = 0; b < batch; b++)
    for (let o = 0; o < outputs; o++) {
      let sum = bias.value[o]!;
      for (let i = 0; i < inputs; i++) sum += x[b * inputs + i]! * weight.value[o * inputs + i]!;
      y[b * outputs + o] = sum;
    }
  return y;
}

/** Gradient by x: dy·W, [batch, inputs]. */
function byInput({ inputs, outputs, weight }: Layer, dy: Float64Array): Float64Array {
  const batch = dy.length / outputs;
  const dx = new Float64Array(batch * inputs);
  for (let b = 0; b < batch; b++)
    for (let o = 0; o < outputs; o++) {
      const d = dy[b * outputs + o]!;
      for (let i = 0; i < inputs; i++) dx[b * inputs + i]! += d * weight.value[o * inputs + i]!;
    }
  return dx;
}

/** One Adam step of weight and bias with dW = dyᵀ·x, db = Σ dy. */
function update({ inputs, outputs, weight, bias }: Layer, x: Float64Array, dy: Float64Array, step: number): void {
  const batch = dy.length / outputs;
  const dWeight = new Float64Array(outputs * inputs);
  const dBias = new Float64Array(outputs);
  for (let b = 0; b < batch; b++)
    for (let o = 0; o < outputs; o++) {
      const d = dy[b * outputs + o]!;
      dBias[o]! += d;
      for (let i = 0; i < inputs; i++) dWeight[o * inputs + i]! += d * x[b * inputs + i]!;
    }
  adam(weight, dWeight, step);
  adam(bias, dBias, step);
}

function adam({ value, first, second }: Moments, d: Float64Array, step: number): void {
  const { rate, beta1, beta2, epsilon } = ADAM;
  for (let i = 0; i < d.length; i++) {
    first[i] = beta1 * first[i]! + (1 - beta1) * d[i]!;
    second[i] = beta2 * second[i]! + (1 - beta2) * d[i]! * d[i]!;
    value[i]! -= (rate * (first[i]! / (1 - beta1 ** step))) / (Math.sqrt(second[i]! / (1 - beta2 ** step)) + epsilon);
  }
}

const relu = (x: Float64Array) => x.map((v) => Math.max(v, 0));
const masked = (d: Float64Array, y: Float64Array) => d.map((v, i) => (y[i]! > 0 ? v : 0));

/** Losses of the first `steps` steps in nats per image, each before its update, with the problem's fixed noise. */
export function losses(problem: Required<Problem>, steps: number): number[] {
  const { batch, latent, weights, noise } = problem;
  const [encode, heads, decode, output] = [weights.encode, weights.heads, weights.decode, weights.output].map(
    layer,
  ) as [Layer, Layer, Layer, Layer];
  const x = Float64Array.from(problem.images);
  const result: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const hidden = relu(forward(encode, x));
    const code = forward(heads, hidden);
    const z = new Float64Array(batch * latent);
    for (let i = 0; i < z.length; i++) {
      const at = Math.floor(i / latent) * 2 * latent + (i % latent);
      z[i] = code[at]! + noise[i]! * Math.exp(code[at + latent]! / 2);
    }
    const decoded = relu(forward(decode, z));
    const logits = forward(output, decoded);

    let loss = 0;
    const dLogits = logits.map((l, i) => {
      loss += Math.max(l, 0) + Math.log1p(Math.exp(-Math.abs(l))) - x[i]! * l;
      return (1 / (1 + Math.exp(-l)) - x[i]!) / batch;
    });
    const dDecoded = masked(byInput(output, dLogits), decoded);
    const dz = byInput(decode, dDecoded);
    const dCode = new Float64Array(code.length);
    for (let i = 0; i < z.length; i++) {
      const at = Math.floor(i / latent) * 2 * latent + (i % latent);
      const mu = code[at]!;
      const l = code[at + latent]!;
      loss += (mu * mu + Math.exp(l) - 1 - l) / 2;
      dCode[at] = dz[i]! + mu / batch;
      dCode[at + latent] = (dz[i]! * noise[i]! * Math.exp(l / 2)) / 2 + (Math.exp(l) - 1) / (2 * batch);
    }
    result.push(loss / batch);
    if (step === steps) break; // the last update changes no loss that is asked for
    const dHidden = masked(byInput(heads, dCode), hidden);
    update(output, decoded, dLogits, step);
    update(decode, z, dDecoded, step);
    update(heads, hidden, dCode, step);
    update(encode, x, dHidden, step);
  }
  return result;
}
