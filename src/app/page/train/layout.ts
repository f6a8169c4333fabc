import { element, h } from "../../report/markup.ts";
import { COLOURS } from "../play/planeView.ts";
import { type ModelName, WITHOUT_PRIOR } from "../../familyModels.ts";
import { SHOWN } from "../../train/views.ts";

const button = (id: string, words: string, further: { readonly [name: string]: string } = {}) =>
  h("button", { type: "button", id: `train-${id}`, ...further }, words);

const picture = (id: string, label: string, width: number, height: number) =>
  h("canvas", { id: `train-${id}`, class: "grid", width, height, role: "img", "aria-label": label });

/** Where the codes of the samples come from. */
export const samplesCaption = (model: ModelName): string =>
  WITHOUT_PRIOR.has(model)
    ? `${SHOWN.samples} codes of a Gaussian with the mean and variance of up to ${SHOWN.priorCodes} test codes, as the model decodes them now. ${model} has no prior while it trains.`
    : `${SHOWN.samples} codes, drawn once from the seed, as the model decodes them now.`;

/** What is below the form: what runs, what one sees, and files. */
export function layout(): HTMLElement {
  const disabled = { disabled: "" };
  return element(
    h(
      "div",
      {},
      h(
        "div",
        { class: "controls" },
        button("start", "Start", { class: "primary" }),
        button("pause", "Pause", disabled),
        button("step", "One step", disabled),
        button("stop", "Stop", disabled),
      ),
      h("p", { class: "status" }, h("span", { id: "train-status", role: "status" }), button("again", "", { hidden: "" })),
      h("div", { class: "running" }, h("progress", { id: "train-bar", max: 1, value: 0, "aria-label": "Training" }), h("span", { id: "train-words" })),
      h(
        "div",
        { class: "views" },
        h(
          "div",
          {},
          h("figure", {}, picture("samples", `${SHOWN.samples} images drawn by the model`, 224, 112), h("figcaption", {}, h("b", {}, "Samples."), " ", h("span", { id: "train-drawn" }, samplesCaption("VAE")))),
          h(
            "figure",
            {},
            picture("originals", `${SHOWN.images} images`, 224, 28),
            picture("reconstructions", `The same ${SHOWN.images} as the model gives them back`, 224, 28),
            h("figcaption", {}, h("b", {}, "Reconstructions."), " ", h("span", { id: "train-images" }, "Test images above, and as the model gives them back."))
          ),
        ),
        h(
          "figure",
          {},
          h("canvas", { id: "train-codes", class: "scatter", role: "img", "aria-label": "Codes of test images on a plane, coloured by class" }),
          h("ol", { id: "train-legend", class: "legend", start: 0 }, COLOURS.map((_, i) => h("li", {}, h("i", {}), String(i)))),
          h("figcaption", { class: "controls" }, h("label", {}, "Codes on the plane of ", h("select", { id: "train-plane" }, h("option", { value: "principal" }, "two principal directions"), h("option", { value: "latents" }, "the first two latents")))),
        ),
      ),
      h("div", { id: "train-curves", class: "plots" }),
      h(
        "div",
        { class: "controls" },
        button("save", "Download the model", disabled),
        button("checkpoint", "Download the last checkpoint", disabled),
        h("label", { class: "file" }, "Load a file ", h("input", { id: "train-file", type: "file", accept: ".safetensors" })),
        button("forget", "Forget the file", { hidden: "" }),
      ),
      h("p", { class: "note" }, "A model is its parameters. A checkpoint also has what the optimiser remembers, and goes on with the same bits."),
      h("details", { id: "train-pytorch", hidden: "" }, h("summary", {}, "Load it in PyTorch"), h("pre", { id: "train-lines", tabindex: 0 }), button("copy", "Copy")),
    ),
  ) as HTMLElement; // prettier-ignore
}

/** Where files of one's own are dropped, or chosen. */
export const chooser = (): HTMLElement =>
  element(
    h(
      "div",
      { class: "drop", hidden: "" },
      h(
        "label",
        {},
        "Drop images here, or choose them ",
        h("input", { id: "train-files", type: "file", multiple: "", accept: "image/*" }),
      ),
      h("span", { id: "train-chosen", role: "status" }, "None yet."),
    ),
  ) as HTMLElement;
