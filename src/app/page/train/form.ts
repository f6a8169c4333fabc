import { element, h } from "../../report/markup.ts";
import { modelNames, NEEDS_CLASSES } from "../../familyModels.ts";
import { ownOptions, refusals } from "../../train/settings.ts";
import { type Choice, type Field, field } from "./field.ts";
import { defaultsOf, type Form, imageOf, modelOf, settingsOf } from "./settings.ts";

/** Beside a model that learns from classes, where images have none. */
const UNLABELLED = "ConditionalVAE learns from classes, which images of your own do not have. Expected MNIST.";

const standard: Choice = ["", "model's own"];
const list = (names: readonly string[]): Choice[] => names.map((name) => [name, name]);

/** What may change now. */
export interface Lock {
  /** A model trains, or is to go on after a loss. */
  readonly trains: boolean;
  /** Whether what acts at its next step may change then. */
  readonly steered: boolean;
  /** The model is a file's, and is what it is. */
  readonly fromFile: boolean;
}

/** The form: what is trained, and how. Options of the model that is chosen come and go with it. */
export class TrainForm {
  readonly node: HTMLElement;
  readonly #fields = new Map<string, Field>();
  readonly #own: HTMLElement;
  readonly #images: HTMLElement;
  readonly #changed: (name: string) => void;
  /** Values of options that the chosen model does not have, in case it is chosen again. */
  readonly #others = new Map<string, string>();
  #refused: { readonly [name: string]: string } = {};
  #lock: Lock = { trains: false, steered: false, fromFile: false };

  /** `images` chooses files of one's own; `changed` hears the name of a field whose value is another. */
  constructor(images: HTMLElement, changed: (name: string) => void) {
    this.#images = images;
    this.#changed = changed;
    const first = [
      field("data", "Images", [["", "MNIST"], ["own", "your own"]]),
      field("size", "Size", [["28", "28 × 28, grey"], ["32", "32 × 32, colour"]]),
      field("model", "Model", list(modelNames)),
      field("encoder", "Backbone", [["", "mlp"], ["conv", "conv"], ["residual", "residual"]]),
      field("latent", "Latent"),
      field("likelihood", "Likelihood", [standard, ...list(["bernoulli", "continuousBernoulli", "gaussian", "laplace", "logCosh"])]),
    ]; // prettier-ignore
    const run = [
      field("learningRate", "Learning rate"),
      field("batch", "Batch"),
      field("epochs", "Epochs"),
      field("seed", "Seed"),
    ];
    const hidden = field("hidden", "Hidden widths");
    for (const one of [...first, ...run, hidden]) this.#add(one);
    this.#own = element(h("div", { class: "fields" })) as HTMLElement;
    const [general, training, more] = [element(h("div", { class: "fields" })), element(h("div", { class: "fields" })), element(h("details", {}, h("summary", {}, "Further options of the model")))]; // prettier-ignore
    general.append(...first.map(({ node }) => node));
    training.append(...run.map(({ node }) => node));
    this.#own.append(hidden.node);
    more.append(this.#own);
    this.node = element(h("div", { class: "train-form" })) as HTMLElement;
    this.node.append(general, images, training, more);
  }

  #add(one: Field): void {
    this.#fields.set(one.name, one);
    one.input.addEventListener("input", () => this.#edited(one.name));
  }

  #edited(name: string): void {
    if (name === "model" || name === "data" || name === "size") this.#arrange();
    this.#check();
    this.#changed(name);
  }

  /** What it holds, without fields that the choice has no use for. */
  get form(): Form {
    const shown = [...this.#fields.values()].filter(({ node }) => !node.hidden);
    return Object.fromEntries(shown.map(({ name, input }) => [name, input.value.trim()]));
  }

  /** Whether everything may be as it is. */
  get isRight(): boolean {
    return Object.keys(this.#refused).length === 0;
  }

  /** What is wrong with no field alone. */
  get refusal(): string | undefined {
    return this.#refused[""];
  }

  /** Fills the fields; what `form` does not name is blank. */
  fill(form: Form): void {
    const model = this.#fields.get("model")!.input;
    model.value = modelOf(form);
    this.#arrange();
    for (const [name, { input }] of this.#fields)
      if (name !== "model")
        input.value = form[name] ?? (input instanceof HTMLSelectElement ? input.querySelector("option")!.value : "");
    // the size says which defaults hold
    this.#arrange();
    this.#check();
  }

  /** Disables what may not change now. */
  lock(lock: Lock): void {
    this.#lock = lock;
    const { trains, steered, fromFile } = lock;
    const free = new Set(["data", "epochs", "beta", "learningRate"]);
    // BetaVAE of type "B" has a β that does nothing
    const acts = (name: string): boolean => name === "learningRate" || (name === "beta" && this.form["type"] !== "B");
    for (const [name, { input }] of this.#fields)
      input.disabled = trains ? !steered || !acts(name) : fromFile && !free.has(name);
  }

  /** Shows the fields that model and data have, and their defaults. */
  #arrange(): void {
    const form = Object.fromEntries([...this.#fields].map(([name, { input }]) => [name, input.value]));
    const isOwn = form["data"] === "own";
    this.#fields.get("size")!.node.hidden = !isOwn;
    this.#images.hidden = !isOwn;
    const network = this.#fields.get("learningRate")!.node.parentElement!;
    const wanted = new Map(ownOptions(modelOf(form), imageOf(form)));
    for (const [name, { node, input }] of this.#fields)
      if (name === "beta" || (name !== "hidden" && this.#own.contains(node))) {
        this.#others.set(name, input.value);
        node.remove();
        this.#fields.delete(name);
      }
    for (const [name, value] of wanted) {
      const choices = typeof value === "boolean" ? list([String(value), String(!value)]) : undefined;
      const one = field(name, name === "beta" ? "β" : name, choices);
      this.#add(one);
      if (!choices || this.#others.has(name)) one.input.value = this.#others.get(name) ?? "";
      if (name === "beta") network.prepend(one.node);
      else this.#own.append(one.node);
    }
    const defaults = defaultsOf(form);
    for (const [name, { input }] of this.#fields)
      if (input instanceof HTMLInputElement) input.placeholder = defaults[name] ?? "";
    this.lock(this.#lock);
  }

  #check(): void {
    const { form } = this;
    const refused = refusals(settingsOf(form), imageOf(form));
    this.#refused =
      form["data"] === "own" && NEEDS_CLASSES.has(modelOf(form)) ? { ...refused, model: UNLABELLED } : refused;
    for (const [name, one] of this.#fields) one.refuse(this.#refused[name]);
  }
}
