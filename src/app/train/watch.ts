import type { Tensor } from "../../graph/tensor.ts";
import type { Gpu } from "../../program/gpu.ts";
import { Directions } from "./directions.ts";
import type { ImageSet } from "./images.ts";
import type { Answer, Canvases, Plane } from "./messages.ts";
import type { Session } from "./session.ts";
import { Views } from "./views.ts";

/** For one part of its time that is spent on looks, training gets at least this many. */
const TRAINING_PARTS = 4;

/** Milliseconds between two looks, at least and at most. */
const [MIN_LOOK_INTERVAL, MAX_LOOK_INTERVAL] = [400, 4000];

/** Images side by side. */
const COLUMNS = 8;

/** Looks at a model while it trains: draws samples and reconstructions on canvases, and tells codes on a plane. */
export class Watch {
  readonly #gpu: Gpu;
  readonly #session: Session;
  readonly #set: ImageSet;
  readonly #canvases: Canvases;
  readonly #tell: (answer: Answer) => void;
  #views: Views | null = null;
  #directions: Directions | null = null;
  /** The look that is under way. */
  #showing: Promise<void> | null = null;
  /** When the next one may begin. */
  #next = 0;
  plane: Plane;

  constructor(
    gpu: Gpu,
    session: Session,
    set: ImageSet,
    canvases: Canvases,
    plane: Plane,
    tell: (answer: Answer) => void,
  ) {
    this.#gpu = gpu;
    this.#session = session;
    this.#set = set;
    this.#canvases = canvases;
    this.#tell = tell;
    this.plane = plane;
  }

  /** Shows the originals, and what the model makes of them before its first step; compiles one view after the other. */
  async open(seed: number): Promise<void> {
    this.#views = new Views(this.#gpu, this.#session.model, this.#set, seed);
    await this.#draw(this.#views.originals, this.#canvases.originals);
    await this.show();
  }

  /** A look between two steps, unless one is under way or the last one is too near; what fails is the training's to tell. */
  glance(): void {
    if (!this.#views || this.#showing || performance.now() < this.#next) return;
    this.#session.between(() => this.show()).catch(() => {});
  }

  /** A look at the parameters of this moment. */
  async show(): Promise<void> {
    // one that began before does not show them
    await this.#showing?.catch(() => {});
    this.#showing ??= this.#render().finally(() => (this.#showing = null));
    return this.#showing;
  }

  async #render(): Promise<void> {
    const views = this.#views!;
    const begin = performance.now();
    const { step } = this.#session;
    await this.#draw(await views.samples(), this.#canvases.samples);
    await this.#draw(await views.reconstructions(), this.#canvases.reconstructions);
    this.#tell({ kind: "pictures", step });
    // the first look is to be soon: its kernels compile beside those of the training step
    const isFirst = this.#next === 0;
    if (!isFirst) await this.#plot(views);
    const now = performance.now();
    this.#next = isFirst
      ? now
      : now + Math.min(MAX_LOOK_INTERVAL, Math.max(MIN_LOOK_INTERVAL, TRAINING_PARTS * (now - begin)));
  }

  /** Tells where codes are on the plane. */
  async #plot(views: Views): Promise<void> {
    const codes = await views.codes();
    const { count } = views;
    this.#directions ??= new Directions(codes.length / count);
    const points = this.#directions.points(codes, this.plane);
    this.#tell({ kind: "codes", points, labels: this.#set.labels?.test.subarray(0, count).slice() ?? null });
  }

  /** Images at their own size: the page enlarges the canvas. */
  async #draw(images: Tensor, canvas: OffscreenCanvas): Promise<void> {
    const [count, , height, width] = images.shape as [number, number, number, number];
    const [columns, rows] = [Math.min(COLUMNS, count), Math.ceil(count / COLUMNS)];
    if (canvas.width !== columns * width) canvas.width = columns * width;
    if (canvas.height !== rows * height) canvas.height = rows * height;
    await this.#gpu.draw(images, canvas, { columns });
  }

  dispose(): void {
    this.#views?.dispose();
  }
}
