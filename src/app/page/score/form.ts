import { KEYS, PACKAGED, TITLES } from "../../command/titles.ts";
import { element, h, type Markup } from "../../report/markup.ts";
import { scrolled } from "../../report/scrolled.ts";
import type { Choices } from "./address.ts";
import { SEES } from "./sees.ts";

/** What a person chooses beside the two sets. */
export interface Form {
  readonly node: HTMLElement;
  /** By the option's name on the command line. */
  choices(): Choices;
  /** A network's file, where one was chosen. */
  weights(): File | undefined;
}

/** Measures that are chosen until a person or an address says otherwise. */
const USUAL = "fid,kid,pr";

const label = (text: string, ...field: readonly Markup[]): Markup => h("label", {}, text, " ", ...field);
const option = (value: string, text: string): Markup => h("option", { value }, text);
const select = (name: string, ...options: readonly Markup[]): Markup =>
  h("select", { name, id: `score-${name}` }, options);
const field = (name: string, attributes: Markup["attributes"]): Markup =>
  h("input", { name, id: `score-${name}`, ...attributes });

const measures = (): Markup =>
  h(
    "fieldset",
    { class: "measures" },
    h("legend", {}, "Measures"),
    KEYS.map((key) =>
      h(
        "label",
        {},
        h("input", { type: "checkbox", name: "measures", value: key }),
        h("span", {}, `${TITLES[key][0]} `, h("code", {}, key)),
      ),
    ),
  );

/** What each measure sees, in short. */
const sees = (): Markup =>
  h(
    "details",
    {},
    h("summary", {}, "What each measure sees, and what it misses"),
    scrolled(
      "What each measure sees",
      h(
        "table",
        { class: "sees" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["measure", "sees", "misses", "sanity checks passed"].map((head) => h("th", { scope: "col" }, head)),
          ),
        ),
        h(
          "tbody",
          {},
          KEYS.map((key) => {
            const { sees: sight, misses, passed = "–" } = SEES[key];
            return h(
              "tr",
              {},
              h("th", { scope: "row" }, h("code", {}, key)),
              [sight, misses, passed].map((text) => h("td", {}, text)),
            );
          }),
        ),
      ),
    ),
    h(
      "p",
      { class: "note" },
      "Sanity checks: fidelity / diversity in the 15 scenarios of Räisä et al. 2025 (arXiv 2505.22450), where the answer is known. No pair passes everything. The whole table is bench/results/sanity.md; npm run bench -- --sanity makes it.",
    ),
  );

const reading = (): Markup =>
  h(
    "details",
    {},
    h("summary", {}, "How images are read"),
    h(
      "div",
      { class: "controls" },
      label(
        "Channels",
        select("channels", option("", "as in the files"), option("1", "1, grey"), option("3", "3, RGB")),
      ),
      label("Resize", field("resize", { placeholder: "none, 28, 32x48" })),
      label("A broken file", select("on-error", option("stop", "stops"), option("skip", "is named and skipped"))),
      h("label", {}, h("input", { type: "checkbox", name: "recursive" }), " Folders within folders"),
      label(
        "Axes of arrays",
        select("layout", option("", "told by their sizes"), option("nhwc", "nhwc"), option("nchw", "nchw")),
      ),
      label("Array of an npz", field("array", { placeholder: "the only one" })),
      label(
        "Samples behind statistics",
        field("count", { type: "number", min: 1, step: 1, placeholder: "as the file says" }),
      ),
    ),
  );

/** The form, as an address left it; `changed` hears of every change. */
export function scoreForm(asked: Choices, changed: () => void): Form {
  const node = element(
    h(
      "form",
      { class: "score-form", "aria-label": "Measures and network" },
      measures(),
      sees(),
      h(
        "p",
        { class: "controls" },
        label(
          "Network",
          select(
            "features",
            option("", "none: pixels"),
            option(PACKAGED, "digits-v1, 28 × 28 grey"),
            option("file", "a weights file …"),
          ),
        ),
        label("Seed", field("seed", { type: "number", min: 0, max: 0xffffffff, step: 1, value: "0" })),
      ),
      h(
        "p",
        { class: "weights note" },
        label(
          "Weights: the FID Inception, MobileNet or a digit classifier, as safetensors",
          h("input", { type: "file", id: "score-weights", accept: ".safetensors" }),
        ),
        h("span", { class: "weights-hint" }),
      ),
      reading(),
    ),
  ) as HTMLFormElement;
  const [network, file] = [node.querySelector("select")!, node.querySelector<HTMLInputElement>("#score-weights")!];
  fill(node, asked);
  // the name stands for the file until it is there
  const askedFor = asked.get("features") ?? PACKAGED;
  const missing = askedFor === PACKAGED ? "weights.safetensors" : askedFor;
  const show = (): void => {
    node.querySelector<HTMLElement>(".weights")!.hidden = network.value !== "file";
    changed();
  };
  node.addEventListener("input", show);
  node.addEventListener("submit", (event) => event.preventDefault());
  node.querySelector<HTMLElement>(".weights")!.hidden = network.value !== "file";
  const weights = (): File | undefined => (network.value === "file" ? file.files?.[0] : undefined);
  return {
    node,
    weights,
    choices() {
      const data = new FormData(node);
      const found = new Map([["measures", data.getAll("measures").join(",")]]);
      if (network.value) found.set("features", network.value === "file" ? (weights()?.name ?? missing) : network.value);
      for (const name of ["seed", "channels", "resize", "layout", "array", "count"]) {
        const value = String(data.get(name) ?? "").trim();
        if (value) found.set(name, value);
      }
      if (data.get("on-error") === "skip") found.set("on-error", "skip");
      if (data.has("recursive")) found.set("recursive", "");
      return found;
    },
  };
}

/** Sets the fields to what an address asked for. */
function fill(node: HTMLFormElement, asked: Choices): void {
  const wanted = (asked.get("measures") ?? USUAL).split(",");
  for (const box of node.querySelectorAll<HTMLInputElement>("[name=measures]"))
    box.checked = wanted.includes(box.value);
  for (const name of ["seed", "channels", "resize", "layout", "array", "count", "on-error"]) {
    const value = asked.get(name);
    if (value !== undefined) (node.elements.namedItem(name) as HTMLInputElement | HTMLSelectElement).value = value;
  }
  node.querySelector<HTMLInputElement>("[name=recursive]")!.checked = asked.has("recursive");
  const features = asked.get("features");
  if (features === undefined) return;
  node.querySelector("select")!.value = features === PACKAGED ? features : "file";
  if (features === PACKAGED) return;
  node.querySelector(".weights-hint")!.textContent = ` The link was made with ${features}: choose that file.`;
}
