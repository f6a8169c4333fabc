/** How a line of pixels is resampled; ResizeOptions says what the names mean. */
export interface LineOptions {
  /** "bilinear" by default. */
  readonly mode?: "nearest" | "nearest-exact" | "bilinear" | "bicubic" | "lanczos" | "box";
  /** Whose conventions: "pytorch" by default. */
  readonly rule?: "pytorch" | "pil" | "tf1";
  /** Whether the centres of the corner pixels stay where they are. */
  readonly alignCorners?: boolean;
  /** Whether to smooth where the image shrinks. */
  readonly antialias?: boolean;
  /** How many times as large the result is, where the sizes do not say it exactly. */
  readonly scale?: number;
  /** Where pixels lie: by their centres, with the corners' centres kept, or by their corners. */
  readonly coordinates?: "half-pixel" | "align-corners" | "asymmetric";
  /** Which neighbour mode "nearest" takes. */
  readonly rounding?: "floor" | "ceil" | "half-down" | "half-up";
  /** The parameter a of cubic convolution. */
  readonly cubic?: number;
  /** Leave taps beyond the edge out instead of repeating the edge; true by default where it smooths. */
  readonly excludeOutside?: boolean;
}

/** y[i] = Σ_k weight_k[i] · x[index_k[i]]. */
export interface Line {
  readonly from: number;
  readonly to: number;
  readonly taps: readonly { readonly index: Uint32Array<ArrayBuffer>; readonly weight: Float32Array<ArrayBuffer> }[];
}

type Kernel = (distance: number) => number;
const triangle: Kernel = (t) => Math.max(0, 1 - Math.abs(t));
// PIL's box takes its left edge, not its right one
const box: Kernel = (t) => Number(t > -0.5 && t <= 0.5);
const sinc: Kernel = (t) => (t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t));
const lanczos: Kernel = (t) => (Math.abs(t) < 3 ? sinc(t) * sinc(t / 3) : 0);
/** Source: R. G. Keys, Cubic convolution interpolation, 1981. */
const keys =
  (a: number): Kernel =>
  (t) => {
    const x = Math.abs(t);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  };

/** The taps of `to` new pixels out of `from` old ones. */
export function lineOf(from: number, to: number, options: LineOptions): Line {
  const { rule = "pytorch", mode = "bilinear", antialias = rule === "pil", excludeOutside = antialias } = options;
  // old pixels for each new one; whole numbers first, so that exact quotients stay exact
  const times = (i: number) => (options.scale === undefined ? (i * from) / to : i / options.scale);
  const coordinates =
    options.coordinates ?? (options.alignCorners ? "align-corners" : rule === "tf1" ? "asymmetric" : "half-pixel");
  const position = (i: number): number => {
    if (coordinates === "asymmetric") return times(i);
    if (coordinates === "half-pixel") return times(i + 0.5) - 0.5;
    // ONNX's new size need not be whole
    const size = options.coordinates && options.scale ? options.scale * from : to;
    return size === 1 ? 0 : (i * (from - 1)) / (size - 1);
  };
  const clamp = (j: number) => Math.min(Math.max(j, 0), from - 1);
  const rows: (readonly [index: number, weight: number])[][] = [];
  if (mode === "nearest" || mode === "nearest-exact") {
    const nearest = roundingOf(options, coordinates);
    const at = (i: number) => (nearest.corner ? times(i) : position(i));
    // PIL adds up its steps, and their rounding decides between two pixels that are equally near
    let edge = times(1) / 2;
    for (let i = 0; i < to; i++, edge += times(1))
      rows.push([[clamp(rule === "pil" ? Math.floor(edge) : nearest.round(at(i))), 1]]);
    return columns(from, to, rows);
  }
  const smooth = antialias && times(1) > 1 ? times(1) : 1;
  const [kernel, radius] = kernelOf(mode, options.cubic ?? (antialias || rule === "pil" ? -0.5 : -0.75));
  for (let i = 0; i < to; i++) {
    const s = position(i);
    const first = antialias ? Math.ceil(s - radius * smooth) : Math.floor(s) - Math.ceil(radius) + 1;
    const last = antialias ? Math.floor(s + radius * smooth) : Math.floor(s) + Math.ceil(radius);
    const isOutside = (j: number) => j < 0 || j >= from;
    const row: [number, number][] = [];
    for (let j = first; j <= last; j++)
      if (!(isOutside(j) && excludeOutside)) row.push([clamp(j), kernel((j - s) / smooth)]);
    const total = row.reduce((sum, [, w]) => sum + w, 0);
    rows.push(row.map(([j, w]) => [j, w / total]));
  }
  return columns(from, to, rows);
}

function kernelOf(mode: LineOptions["mode"], a: number): [kernel: Kernel, radius: number] {
  if (mode === "bicubic") return [keys(a), 2];
  if (mode === "lanczos") return [lanczos, 3];
  return mode === "box" ? [box, 0.5] : [triangle, 1];
}

/** How the nearest pixel is found, and whether of i·old/new instead of the rule's position. */
function roundingOf(
  { rule = "pytorch", mode, rounding, coordinates: given, alignCorners }: LineOptions,
  coordinates: LineOptions["coordinates"],
): { corner: boolean; round: (at: number) => number } {
  const named = {
    floor: Math.floor,
    ceil: Math.ceil,
    "half-down": (at: number) => Math.ceil(at - 0.5),
    "half-up": (at: number) => Math.floor(at + 0.5),
  };
  if (rounding) return { corner: false, round: named[rounding] };
  if (mode === "nearest-exact") return { corner: false, round: named["half-up"] };
  const isStandard = given === undefined && !alignCorners && rule !== "tf1";
  return { corner: isStandard, round: coordinates === "align-corners" ? named["half-up"] : Math.floor };
}

/** Rows of taps as one index and one weight per tap for all of them. */
function columns(from: number, to: number, rows: readonly (readonly (readonly [number, number])[])[]): Line {
  const count = Math.max(...rows.map((row) => row.length));
  const taps = Array.from({ length: count }, (_, k) => ({
    index: Uint32Array.from(rows, (row) => row[k]?.[0] ?? row[0]![0]),
    weight: Float32Array.from(rows, (row) => row[k]?.[1] ?? 0),
  }));
  return { from, to, taps: taps.filter(({ weight }) => weight.some((w) => w !== 0)) };
}
