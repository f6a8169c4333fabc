/** Factorisations of matrices of three kinds, and how far the factors are from what they should be, in float64. */
import { normals } from "../bench/random.ts";
import { type Gpu, linalg, type Tensor } from "../src/index.ts";
import { eighOnGpu, svdOnGpu } from "../src/linalg/spectrumGpu.ts";
import { graded, norm, product, symmetric, transposed, values } from "./spectra.ts";

/** What residuals and departures from orthogonality stay below, in the spectral norm. */
export const LIMIT = 1e-5;

/** How large an error is: the most that it does to a vector of length 1, and the root of the sum of its squares. */
export interface Size {
  readonly spectral: number;
  /** Of independent roundings in f32 it grows with the rows: LAPACK's own sgeqrf leaves 1.3e-5 of qᵀq − I at 512. */
  readonly frobenius: number;
}

/** How far factors are from a and from orthogonal, and what they took. */
export interface Measured {
  /** a − product of the factors, in parts of a. */
  readonly residual: Size;
  /** uᵀu − I; of two orthogonal factors, the larger one. */
  readonly orthogonality: Size;
  /** Until the factors were read. */
  readonly seconds: number;
}

/** e [n, n] has the spectral norm of its largest singular value, to a few percent: power iteration. */
function sizeOf(e: Float64Array, n: number): Size {
  const back = transposed(e, n, n);
  const x = Float64Array.from({ length: n }, normals(1));
  let spectral = 0;
  for (let step = 0; step < 60; step++) {
    const length = norm(x) || 1;
    const image = product(e, x.map((value) => value / length), n, n, 1); // prettier-ignore
    spectral = norm(image);
    x.set(product(back, image, n, n, 1));
  }
  return { spectral, frobenius: norm(e) };
}

/** An orthogonal matrix [n, n] without a structure: normal numbers, made orthogonal by Gram and Schmidt's way, twice. */
export function randomOrthogonal(n: number, seed: number): Float64Array {
  const next = normals(seed);
  const rows = Array.from({ length: n }, () => Float64Array.from({ length: n }, next));
  for (const [i, row] of rows.entries()) {
    for (let pass = 0; pass < 2; pass++)
      for (const other of rows.slice(0, i)) {
        let along = 0;
        for (let j = 0; j < n; j++) along += row[j]! * other[j]!;
        for (let j = 0; j < n; j++) row[j]! -= along * other[j]!;
      }
    const length = norm(row);
    for (let j = 0; j < n; j++) row[j]! /= length;
  }
  return Float64Array.from(rows.flatMap((row) => [...row]));
}

/** Eight clusters of numbers from 1 down to 1/8, 1e-6 of them wide. */
const clustered = (n: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => (1 - Math.floor((8 * i) / n) / 8) * (1 + (1e-6 * i) / n));

const spectra = { clustered, "condition 1e6": (n: number) => graded(n, 1e-6) };
export type Kind = "random" | keyof typeof spectra;
export const kinds: readonly Kind[] = ["random", "clustered", "condition 1e6"];

/** A matrix [n, n] of a kind, as f32 holds it. */
export function matrixOf(kind: Kind, n: number, isSymmetric: boolean): Float64Array {
  const single = (a: Float64Array) => Float64Array.from(Float32Array.from(a));
  if (kind === "random") {
    const a = Float64Array.from({ length: n * n }, normals(n));
    const back = transposed(a, n, n);
    return single(isSymmetric ? a.map((value, at) => (value + back[at]!) / 2) : a);
  }
  const spectrum = spectra[kind](n);
  const u = randomOrthogonal(n, n);
  // of both signs, as covariances are not
  if (isSymmetric) return single(symmetric(u, spectrum.map((value, i) => (i % 3 === 0 ? -value : value)))); // prettier-ignore
  return single(product(scaled(u, spectrum), randomOrthogonal(n, n + 1), n, n, n));
}

/** a [n, n] with each column times its factor. */
const scaled = (a: Float64Array, factors: Float64Array): Float64Array =>
  a.map((value, at) => value * factors[at % factors.length]!);

/** a − b, in parts of b. */
function difference(a: Float64Array, b: Float64Array, n: number): Size {
  const [error, whole] = [sizeOf(a.map((value, at) => value - b[at]!), n), sizeOf(b, n)]; // prettier-ignore
  return { spectral: error.spectral / whole.spectral, frobenius: error.frobenius / whole.frobenius };
}

/** uᵀu − I of u [n, n]. */
function departure(u: Float64Array, n: number): Size {
  const gram = product(transposed(u, n, n), u, n, n, n);
  return sizeOf(gram.map((value, at) => value - Number(at % (n + 1) === 0)), n); // prettier-ignore
}

const larger = (a: Size, b: Size): Size => (a.spectral > b.spectral ? a : b);

/** A factorisation under test: its matrices are symmetric or any. */
export interface Factorisation {
  readonly name: string;
  readonly isSymmetric: boolean;
  measure(gpu: Gpu, a: Float64Array, n: number): Promise<Measured>;
}

/** Factors of a [n, n] as numbers, freed on the GPU, and the seconds until they were read. */
async function read(
  gpu: Gpu,
  a: Float64Array,
  n: number,
  factors: (x: Tensor) => Promise<readonly Tensor[]>,
): Promise<{ found: Float64Array[]; seconds: number }> {
  using x = gpu.tensor(a, [n, n]);
  const began = performance.now();
  const tensors = await factors(x);
  const found: Float64Array[] = [];
  for (const tensor of tensors) found.push(await values(tensor));
  const seconds = (performance.now() - began) / 1000;
  for (const tensor of tensors) tensor.dispose();
  return { found, seconds };
}

const ofEigh =
  (eigh: (gpu: Gpu, a: Tensor) => ReturnType<typeof linalg.eigh>): Factorisation["measure"] =>
  async (gpu, a, n) => {
    const { found, seconds } = await read(gpu, a, n, async (x) => {
      const { values: lambda, vectors } = await eigh(gpu, x);
      return [lambda, vectors];
    });
    const [lambda, v] = found as [Float64Array, Float64Array];
    const again = product(scaled(v, lambda), transposed(v, n, n), n, n, n);
    return { residual: difference(again, a, n), orthogonality: departure(v, n), seconds };
  };

const ofSvd =
  (svd: (gpu: Gpu, a: Tensor) => ReturnType<typeof linalg.svd>): Factorisation["measure"] =>
  async (gpu, a, n) => {
    const { found, seconds } = await read(gpu, a, n, async (x) => {
      const { u, s, vh } = await svd(gpu, x);
      return [u, s, vh];
    });
    const [u, s, vh] = found as [Float64Array, Float64Array, Float64Array];
    return {
      residual: difference(product(scaled(u, s), vh, n, n, n), a, n),
      orthogonality: larger(departure(u, n), departure(transposed(vh, n, n), n)),
      seconds,
    };
  };

const ofQr: Factorisation["measure"] = async (gpu, a, n) => {
  const { found, seconds } = await read(gpu, a, n, async (x) => {
    const { q, r } = linalg.qr(x);
    await gpu.evaluate([q, r]);
    return [q, r];
  });
  const [q, r] = found as [Float64Array, Float64Array];
  return { residual: difference(product(q, r, n, n, n), a, n), orthogonality: departure(q, n), seconds };
};

/** On a software adapter eigh and svd take float64 on the CPU. */
export const asCalled: readonly Factorisation[] = [
  { name: "eigh", isSymmetric: true, measure: ofEigh((_, a) => linalg.eigh(a)) },
  { name: "svd", isSymmetric: false, measure: ofSvd((_, a) => linalg.svd(a)) },
  { name: "qr", isSymmetric: false, measure: ofQr },
];

/** What a GPU takes instead for 128 rows and more. */
export const bySweeps: readonly Factorisation[] = [
  { name: "eigh, Jacobi in f32", isSymmetric: true, measure: ofEigh((gpu, a) => eighOnGpu("test", gpu, a)) },
  { name: "svd, Jacobi in f32", isSymmetric: false, measure: ofSvd((gpu, a) => svdOnGpu("test", gpu, a)) },
];
