// jax-js: one jitted function per case, inputs and state resident.

import {
  blockUntilReady,
  defaultDevice,
  getWebGPUDevice,
  init,
  jit,
  lax,
  nn,
  numpy as np,
  random,
  tree,
  vjp,
} from "@jax-js/jax";
import { version } from "../../node_modules/@jax-js/jax/package.json";
import { isDepthwise, LAYERS, padding } from "../cases/mobileNet.ts";
import type { Engine, Runner, Task } from "../workload.ts";
import { prepareTraining } from "./training/jax.ts";

// every function of jax-js consumes the arrays it is given; `.ref` keeps one

type Arrays = { [name: string]: np.Array };
type Settings = Task["settings"];

function convolution(x: np.Array, w: np.Array, { stride, padding, groups }: Settings): np.Array {
  const sides: [number, number] = [padding!, padding!];
  return lax.convGeneralDilated(x, w, [stride!, stride!], [sides, sides], { featureGroupCount: groups! });
}

/** Cotangent of a linear function's argument of this shape, given that of its value. */
function pulled(linear: (argument: np.Array) => np.Array, shape: number[], cotangent: np.Array): np.Array {
  const [value, pull] = vjp(linear, [np.zeros(shape)]);
  value.dispose();
  const [found] = pull(cotangent);
  pull.dispose();
  return found;
}

/** A sum of all elements goes by rows first: jax-js gives a single result 16 threads. */
const total = (x: np.Array) => np.sum(np.sum(x, 1));

/** Steps of the Newton–Schulz iteration: they bring the roots of eigenvalues from 1e-6 of the Frobenius norm within 1e-4. */
const ROOT_STEPS = 20;

/**
 * Trace of the root of a symmetric positive definite matrix by products alone, since eigh rotates one pair at a time.
 *
 *     Y₀ = A/‖A‖,  Z₀ = I;   T = (3I − Z·Y)/2,  Y ← Y·T,  Z ← T·Z;   Y → (A/‖A‖)^½      (Higham, Functions of Matrices, chapter 6)
 */
function traceOfRoot(a: np.Array): np.Array {
  const norm = np.sqrt(total(np.square(a.ref)));
  let y = a.div(norm.ref);
  const identity = np.eye(y.shape[0]!);
  let z = identity.ref;
  for (let step = 0; step < ROOT_STEPS; step++) {
    const t = identity.ref.mul(1.5).sub(np.matmul(z.ref, y.ref).mul(0.5));
    y = np.matmul(y, t.ref);
    z = np.matmul(t, z);
  }
  z.dispose();
  identity.dispose();
  return np.trace(y).mul(np.sqrt(norm));
}

/** What each workload computes from the inputs of its case. */
const pure: { readonly [workload: string]: (inputs: Arrays, settings: Settings) => np.Array[] } = {
  matmul: ({ a, b }, { transposeA, transposeB }) => [
    np.matmul(transposeA ? a!.transpose() : a!, transposeB ? b!.transpose() : b!),
  ],
  "conv forward": ({ x, w }, s) => [convolution(x!, w!, s)],
  "conv by input": ({ g, w }, s) => [pulled((x) => convolution(x, w!, s), [s.batch!, s.in!, s.side!, s.side!], g!)],
  "conv by weight": ({ x, g }, s) => [
    pulled((w) => convolution(x!, w, s), [s.out!, s.in! / s.groups!, s.kernel!, s.kernel!], g!),
  ],
  mobilenet({ x, ...weights }) {
    let y = x!.mul(255).sub(128).div(128);
    for (const layer of LAYERS) {
      const { name, stride } = layer;
      const groups = isDepthwise(layer) ? layer.weight[0] : 1;
      const sides: [[number, number], [number, number]] = [padding(layer), padding(layer)];
      const sums = lax.convGeneralDilated(y, weights[`${name}.weight`]!, [stride, stride], sides, {
        featureGroupCount: groups,
      });
      y = np.clip(sums.add(weights[`${name}.bias`]!.reshape([1, -1, 1, 1])), 0, 6);
    }
    return [np.mean(y, [2, 3])];
  },
  map: ({ x, scale, shift }) => [nn.sigmoid(x!.mul(scale!).add(shift!))],
  sum: ({ x }, { axis }) => [axis === -1 ? total(x!) : np.sum(x!, axis!)],
  softmax: ({ x }) => [nn.softmax(x!, 1)],
  sort: ({ x }) => [np.sort(x!, 1)],
  kl: ({ mean, logVar }) => [total(np.square(mean!).add(np.exp(logVar!.ref)).sub(1).sub(logVar!)).mul(0.5)],
  // np.cov multiplies rows of the transposed matrix, which neighbouring threads would read far apart
  covariance({ x }, { n }) {
    const centred = x!.ref.sub(np.mean(x!, 0));
    return [np.matmul(centred.ref.transpose(), centred).div(n! - 1)];
  },
  cholesky: ({ a }) => [lax.linalg.cholesky(a!)],
  eigh({ a }) {
    const [vectors, values] = lax.linalg.eigh(a!, { symmetrizeInput: false });
    return [values, vectors];
  },
  // tr (A·B)^½ = tr (Lᵀ·A·L)^½ where B = L·Lᵀ, and that one is symmetric
  frechet({ meanA, covarianceA, meanB, covarianceB }) {
    const traces = np.trace(covarianceA!.ref).add(np.trace(covarianceB!.ref));
    const factor = lax.linalg.cholesky(covarianceB!);
    const root = traceOfRoot(np.matmul(factor.ref.transpose(), np.matmul(covarianceA!, factor)));
    return [np.square(meanA!.sub(meanB!)).sum().add(traces).sub(root.mul(2))];
  },
  // Σ_d (x − m)²/v = x²·(1/v) − 2x·(m/v) + Σ_d m²/v: two products instead of an array [n, k, d]
  em({ x, weights, means, variances }, { n }) {
    const squares = np.square(x!.ref);
    const precisions = np.reciprocal(variances!.ref);
    const scaled = means!.ref.mul(precisions.ref);
    const offsets = np.log(weights!).sub(means!.mul(scaled.ref).add(np.log(variances!)).sum(1).mul(0.5));
    const products = np.matmul(x!.ref, scaled.transpose()).sub(np.matmul(squares.ref, precisions.transpose()).mul(0.5));
    const responsibilities = nn.softmax(products.add(offsets), 1);
    const totals = np.sum(responsibilities.ref, 0);
    const column = totals.ref.reshape([-1, 1]);
    const nextMeans = np.matmul(responsibilities.ref.transpose(), x!).div(column.ref);
    const seconds = np.matmul(responsibilities.transpose(), squares).div(column);
    return [totals.div(n!), nextMeans.ref, seconds.sub(np.square(nextMeans))];
  },
};

/** A workload whose step starts from what the one before left. */
interface Carried {
  start(inputs: Arrays, settings: Settings): Arrays;
  next(state: Arrays, inputs: Arrays, settings: Settings): [state: Arrays, outputs: np.Array[]];
}

const carried: { readonly [workload: string]: Carried } = {
  normal: {
    start: () => ({ seed: np.array(1, { dtype: np.uint32 }) }),
    next: ({ seed }, _, { count }) => [{ seed: seed!.ref.add(1) }, [random.normal(random.key(seed!), [count!])]],
  },
  adam: {
    start: ({ p }) => ({
      p: p!.ref,
      first: np.zeros(p!.shape),
      second: np.zeros(p!.shape),
      corrections: np.zeros([2]),
    }),
    next({ p, first, second, corrections }, inputs, { rate, beta1, beta2, epsilon }) {
      const { p: unused, g } = inputs;
      unused!.dispose();
      const m = first!.mul(beta1!).add(g!.ref.mul(1 - beta1!));
      const v = second!.mul(beta2!).add(np.square(g!).mul(1 - beta2!));
      // 1 − βᵗ as the average of ones: nothing cancels
      const next = corrections!.mul(np.array([beta1!, beta2!])).add(np.array([1 - beta1!, 1 - beta2!]));
      const [correction1, correction2] = np.split(next.ref, 2) as [np.Array, np.Array];
      const size = np.sqrt(v.ref.div(correction2)).add(epsilon!);
      const updated = p!.sub(m.ref.div(correction1).mul(rate!).div(size));
      return [{ p: updated, first: m, second: v, corrections: next }, [updated.ref]];
    },
  },
};

async function prepare(task: Task): Promise<Runner | null> {
  const { workload, settings } = task;
  if (workload.endsWith(" step")) return prepareTraining(task);
  const compute = pure[workload];
  const work: Carried | undefined = compute
    ? { start: () => ({}), next: (state, given) => [state, compute(given, settings)] }
    : carried[workload];
  if (!work) return null;
  const inputs: Arrays = Object.fromEntries(
    Object.entries(task.inputs).map(([name, { values, shape }]) => [name, np.array(values, { shape: [...shape] })]),
  );
  const next = jit((state: Arrays, given: Arrays) => work.next(state, given, settings));
  let state = work.start(inputs, settings);
  let latest: np.Array[] = [];
  let isCompiled = false;

  /** Compiles all kernels at once, and submits. */
  async function compile(): Promise<void> {
    await blockUntilReady(latest);
    isCompiled = true;
  }
  /** jax-js is lazy: what nobody asks for is not even submitted. */
  function submit(): void {
    for (const output of latest) output.ref.gpuBufferSync();
  }
  return {
    name: "jax-js",
    step() {
      tree.dispose(latest);
      [state, latest] = next(state, tree.ref(inputs));
      return isCompiled ? submit() : compile();
    },
    finish: () => getWebGPUDevice().queue.onSubmittedWorkDone(),
    outputs: () => Promise.all(latest.map(async (output) => (await output.ref.data()) as Float32Array)),
    dispose() {
      tree.dispose([state, latest, inputs]);
      next.dispose();
    },
  };
}

export async function open(): Promise<Engine> {
  const devices = await init("webgpu");
  if (!devices.includes("webgpu")) throw new Error("jax-js found no WebGPU adapter.");
  defaultDevice("webgpu");
  // jax-js keeps one device for as long as its page lives
  return { name: "jax-js", version, prepare, dispose() {} };
}
