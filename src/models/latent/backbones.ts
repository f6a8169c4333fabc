import { convolutions } from "./backbone/conv.ts";
import { perceptron } from "./backbone/mlp.ts";
import { ownLayers } from "./backbone/own.ts";
import type { Backbone, Builder } from "./builder.ts";

/** The layers that the options ask for. */
export function backboneOf(build: Builder): Backbone {
  const { encoder } = build.spec;
  if (typeof encoder === "object") return ownLayers(build, encoder);
  return encoder === "mlp" ? perceptron(build) : convolutions(build, encoder === "residual");
}
