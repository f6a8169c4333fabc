import type { Answer, Plane } from "../../train/messages.ts";
import { duration } from "../../report/table.ts";
import { byId } from "../download.ts";
import { onDrop } from "../drop.ts";
import { type PanelAddress, panelAddress } from "../panelAddress.ts";
import { addStyle } from "../sheet.ts";
import { COLOURS } from "../play/planeView.ts";
import { startTrainer, type Trainer } from "./client.ts";
import { Curves } from "./curves.ts";
import { TrainForm } from "./form.ts";
import { chooser, layout, samplesCaption } from "./layout.ts";
import { Scatter } from "./scatter.ts";
import { addressOf, formIn, imageOf, modelOf, settingsOf, steeredValue } from "./settings.ts";
import { type Checkpoint, downloadModel, type Source, sourceOf } from "./source.ts";
import { trainStyle } from "./style.ts";

const button = (id: string): HTMLButtonElement => byId<HTMLButtonElement>(`train-${id}`);

/** The tab that trains a model before one's eyes. */
class TrainTab {
  readonly #form: TrainForm;
  readonly #curves: Curves;
  readonly #scatter: Scatter;
  readonly #trainer: Trainer;
  /** "starting" until the worker has a model that can be steered. */
  #phase: "idle" | "starting" | "running" | "paused" | "lost" = "idle";
  #files: File[] = [];
  #source: Source | null = null;
  /** The newest checkpoint of this run, or what it began from: what a lost device leaves. */
  #checkpoint: Checkpoint | null = null;
  #step = 0;
  /** Whether the worker has the model of the last start. */
  #hasModel = false;
  /** Reports since the start: the first one knows no pace yet. */
  #reports = 0;
  readonly #address: PanelAddress;

  constructor(panel: HTMLElement, hash: string) {
    const images = chooser();
    this.#form = new TrainForm(images, (name) => this.#edited(name));
    panel.append(this.#form.node, layout());
    for (const [i, dot] of [...panel.querySelectorAll<HTMLElement>("#train-legend i")].entries())
      dot.style.background = COLOURS[i]!;
    this.#curves = new Curves(byId("train-curves"));
    this.#scatter = new Scatter(byId<HTMLCanvasElement>("train-codes"));
    const canvases = ["samples", "originals", "reconstructions"].map((id) => byId<HTMLCanvasElement>(`train-${id}`));
    this.#trainer = startTrainer(canvases, (answer) => this.#heard(answer));
    this.#form.fill(formIn(hash));
    this.#address = panelAddress(panel, () => addressOf(this.#form.form));
    this.#listen(panel, images);
    this.#say("Choose what to train, and start.");
    this.#arrange();
    this.#address.write();
  }

  #listen(panel: HTMLElement, images: HTMLElement): void {
    const on = (id: string, act: () => unknown): void => button(id).addEventListener("click", () => void act());
    on("start", () => this.#begin());
    on("pause", () => (this.#phase === "running" ? this.#interrupt("pause") : this.#resume()));
    on("step", () => this.#interrupt("step"));
    on("stop", () => (this.#phase === "lost" ? this.#end("idle", "Stopped.") : this.#trainer.ask({ kind: "stop" })));
    on("again", () => (this.#checkpoint ? this.#start(this.#checkpoint.bytes) : this.#begin()));
    on("save", () => this.#trainer.ask({ kind: "save" }));
    on("checkpoint", () => this.#download(this.#checkpoint!));
    on("forget", () => this.#open(null));
    on("copy", () => navigator.clipboard.writeText(byId("train-lines").textContent));
    byId("train-plane").addEventListener("change", () => {
      this.#scatter.forget();
      this.#trainer.ask({ kind: "plane", plane: this.#plane });
    });
    byId("train-file").addEventListener("change", ({ target }) => {
      const input = target as HTMLInputElement;
      const [file] = input.files ?? [];
      input.value = "";
      if (file) void this.#read(file);
    });
    byId("train-files").addEventListener("change", ({ target }) =>
      this.#take([...((target as HTMLInputElement).files ?? [])]),
    );
    onDrop(panel, images, (data) => {
      const files = [...data.files];
      if (this.#phase !== "idle" || files.length === 0) return;
      if (files.length === 1 && files[0]!.name.endsWith(".safetensors")) return void this.#read(files[0]!);
      this.#form.fill({ ...this.#form.form, data: "own" });
      this.#take(files);
    });
  }

  get #plane(): Plane {
    return byId<HTMLSelectElement>("train-plane").value as Plane;
  }

  #say(text: string): void {
    byId("train-status").textContent = text;
  }

  #take(files: File[]): void {
    this.#files = files;
    byId("train-chosen").textContent =
      files.length === 0 ? "None yet." : `${files.length.toLocaleString("en")} chosen.`;
    this.#address.write();
    this.#arrange();
  }

  #edited(name: string): void {
    this.#address.writeSoon();
    const isLive = this.#phase === "running" || this.#phase === "paused";
    if (isLive && this.#form.isRight && (name === "beta" || name === "learningRate")) {
      const value = steeredValue(this.#form.form, name);
      if (value === undefined) return;
      this.#trainer.ask({ kind: "steer", [name]: value });
      this.#say(`${name === "beta" ? "β" : "The learning rate"} is ${value} from the next step on.`);
    }
    this.#arrange();
  }

  /** What can be pressed now. */
  #arrange(): void {
    const isLive = this.#phase === "running" || this.#phase === "paused";
    const lacks = this.#form.form["data"] === "own" && this.#files.length === 0;
    // what is resumed after a loss is as it was
    const isFixed = this.#phase !== "idle";
    button("start").disabled = isFixed || lacks || !this.#form.isRight;
    button("start").textContent = this.#source ? `Start from ${this.#source.words}` : "Start";
    button("pause").disabled = !isLive;
    button("pause").textContent = this.#phase === "paused" ? "Resume" : "Pause";
    button("step").disabled = !isLive;
    button("stop").disabled = !isFixed;
    button("save").disabled = !this.#hasModel || this.#step === 0;
    button("checkpoint").disabled = this.#checkpoint === null;
    button("checkpoint").textContent = this.#checkpoint
      ? `Download the checkpoint of step ${this.#checkpoint.step}`
      : "Download the last checkpoint";
    button("forget").hidden = this.#source === null || isFixed;
    byId<HTMLInputElement>("train-file").disabled = isFixed;
    byId<HTMLInputElement>("train-files").disabled = isFixed;
    button("again").hidden = this.#phase !== "lost";
    button("again").textContent = this.#checkpoint ? `Resume from step ${this.#checkpoint.step}` : "Start again";
    this.#form.lock({
      trains: isFixed,
      steered: this.#phase !== "starting",
      fromFile: this.#source !== null,
    });
    if (this.#form.refusal) this.#say(this.#form.refusal);
  }

  /** Another run: it has other curves, and goes back to the file that it begins from, if any. */
  #begin(): void {
    const { bytes, step } = this.#source ?? { bytes: null, step: null };
    this.#curves.clear();
    this.#checkpoint = bytes && step !== null ? { bytes, step } : null;
    this.#start(bytes);
  }

  /** Starts from a file, or from nothing. */
  #start(from: Uint8Array<ArrayBuffer> | null): void {
    const { form } = this.#form;
    this.#step = this.#checkpoint?.step ?? 0;
    this.#hasModel = false;
    this.#reports = 0;
    this.#scatter.forget();
    this.#phase = "starting";
    byId<HTMLProgressElement>("train-bar").value = 0;
    byId("train-words").textContent = "";
    byId("train-pytorch").hidden = true;
    performance.mark("train start");
    this.#trainer.ask({
      kind: "start",
      settings: settingsOf(form),
      own: form["data"] === "own" ? { files: this.#files, image: imageOf(form) } : null,
      mnist: "/data/mnist/",
      from,
      plane: this.#plane,
    });
    this.#arrange();
  }

  #interrupt(kind: "pause" | "step"): void {
    this.#phase = "paused";
    this.#trainer.ask({ kind });
    this.#arrange();
  }

  #resume(): void {
    this.#phase = "running";
    this.#trainer.ask({ kind: "resume" });
    this.#say("Training.");
    this.#arrange();
  }

  #end(phase: "idle" | "lost", words: string): void {
    this.#phase = phase;
    this.#say(words);
    this.#arrange();
  }

  #heard(answer: Answer): void {
    switch (answer.kind) {
      case "status":
        return this.#say(answer.text);
      case "began":
        byId("train-images").textContent = answer.heldOut
          ? "Images that are not trained on above, and as the model gives them back."
          : "Training images above, as there are few, and as the model gives them back.";
        byId("train-legend").hidden = this.#form.form["data"] === "own";
        byId("train-drawn").textContent = samplesCaption(modelOf(this.#form.form));
        this.#hasModel = true;
        this.#phase = "running";
        return this.#arrange();
      case "progress":
        return this.#progress(answer);
      case "pictures":
        if (performance.getEntriesByName("train pictures").length === 0 || answer.step === 0)
          performance.mark("train pictures");
        if (answer.step > 0) performance.mark("train samples");
        return;
      case "codes":
        return this.#scatter.show(answer);
      case "paused":
        return this.#say(`Paused after step ${answer.step}.`);
      case "checkpoint":
        this.#checkpoint = answer;
        return this.#arrange();
      case "saved":
        return this.#download(answer);
      case "ended":
        return this.#end("idle", answer.stopped ? `Stopped after step ${answer.step}.` : `Done: ${answer.step} steps.`);
      case "lost":
        return this.#lost(`The GPU device was lost: ${answer.message.replace(/\.$/, "")}.`);
      case "error":
        return this.#end("idle", answer.message);
    }
  }

  #lost(words: string): void {
    this.#hasModel = false;
    // nothing was under way
    if (this.#phase === "idle") return this.#end("idle", `${words} The next start opens it again.`);
    const left = this.#checkpoint ? "The newest checkpoint is kept." : "There is no checkpoint yet.";
    this.#end("lost", `${words} ${left}`);
  }

  #progress({ step, total, eta, terms }: Answer & { kind: "progress" }): void {
    const isFirst = this.#reports++ === 0;
    this.#step = step;
    this.#curves.add(step, terms);
    const bar = byId<HTMLProgressElement>("train-bar");
    [bar.max, bar.value] = [total, step];
    const loss = Number((terms["loss"] ?? NaN).toPrecision(5)).toLocaleString("en");
    const left = this.#phase === "paused" || isFirst ? "" : `, ${duration(eta)} to go`;
    byId("train-words").textContent =
      `Step ${step.toLocaleString("en")} of ${total.toLocaleString("en")}, loss ${loss}${left}`;
    if (!isFirst) return;
    if (this.#phase === "running") this.#say("Training.");
    this.#arrange();
  }

  #download(checkpoint: Checkpoint): void {
    byId("train-lines").textContent = downloadModel(checkpoint);
    byId("train-pytorch").hidden = false;
  }

  async #read(file: File): Promise<void> {
    try {
      const { source, form } = await sourceOf(file, this.#form.form);
      // a start came first
      if (this.#phase !== "idle") return;
      this.#form.fill(form);
      this.#open(source);
    } catch (error) {
      this.#say((error as Error).message);
    }
  }

  #open(source: Source | null): void {
    this.#source = source;
    this.#say(source ? `Loaded ${source.words}. Images, β, learning rate and epochs may be others.` : "Forgotten.");
    this.#address.write();
    this.#arrange();
  }
}

/** Fills the panel as its address `hash` says; the address keeps what is chosen. */
export function train(panel: HTMLElement, hash: string): void {
  addStyle(trainStyle);
  new TrainTab(panel, hash);
}
