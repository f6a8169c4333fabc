import { check, quote } from "../device/errors.ts";
import { type Safetensor, widened } from "../formats/safetensors.ts";
import { checksumOf } from "../nn/checksum.ts";
import type { Gpu } from "../program/gpu.ts";
import { checkShapes, type Shapes, Weights } from "./weights.ts";

const STATISTICS = ["weight", "bias", "running_mean", "running_var"] as const;

/**
 * Convolutions without bias, each followed by a batch norm with fixed statistics, as convolutions with bias:
 *
 *     w' = w · γ/√(σ² + ε),   b' = β − μ · γ/√(σ² + ε)
 *
 * in float64, rounded once. `convolutions` names the layers and their weights' shapes, with `layer.conv.weight` and `layer.bn.…` in the
 * file; `others` are taken as they are. Throws LatentError: "format" on what is missing or of another shape, "data" on a variance below 0.
 */
export function foldedConvolutions(
  gpu: Gpu,
  where: string,
  tensors: ReadonlyMap<string, Safetensor>,
  convolutions: Shapes,
  others: Shapes,
  epsilon: number,
): Weights {
  const shapes = new Map(others);
  for (const [layer, shape] of convolutions) {
    shapes.set(`${layer}.conv.weight`, shape);
    for (const name of STATISTICS) shapes.set(`${layer}.bn.${name}`, [shape[0]!]);
  }
  checkShapes(where, tensors, shapes);
  const valuesOf = (name: string) => widened(tensors.get(name)!).data as Float32Array;
  for (const layer of convolutions.keys()) {
    const name = `${layer}.bn.running_var`;
    const at = valuesOf(name).findIndex((value) => value < 0);
    check(
      at < 0,
      "data",
      where,
      () => `tensor ${quote(name)} is a variance. Expected values ≥ 0; got one below at ${at}.`,
    );
  }
  function* folded(): Iterable<readonly [string, readonly number[], Float32Array]> {
    for (const [layer, shape] of convolutions) {
      const [gamma, beta, mean, variance] = STATISTICS.map((name) => valuesOf(`${layer}.bn.${name}`)) as [
        Float32Array,
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      const factors = Float64Array.from(gamma, (g, o) => g / Math.sqrt(variance[o]! + epsilon));
      const weight = valuesOf(`${layer}.conv.weight`);
      const each = weight.length / shape[0]!;
      yield [`${layer}.weight`, shape, weight.map((w, i) => w * factors[Math.floor(i / each)]!)];
      yield [`${layer}.bias`, [shape[0]!], beta.map((b, o) => b - mean[o]! * factors[o]!)];
    }
    for (const [name, shape] of others) yield [name, shape, valuesOf(name)];
  }
  const used = [...shapes.keys()].map((name) => [name, tensors.get(name)!] as const);
  return Weights.of(gpu, folded(), checksumOf(used, []));
}
