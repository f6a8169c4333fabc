// latentgpu: one compiled program per case, its inputs resident.

import { version } from "../../package.json";
import { writeSafetensors } from "../../src/formats.ts";
import {
  add,
  assign,
  conv2d,
  frechetDistance,
  grad,
  kl,
  linalg,
  matmul,
  mean,
  MobileNetV1,
  Moments,
  mul,
  openGpu,
  pow,
  random,
  reshape,
  sigmoid,
  slice,
  softmax,
  sort,
  sum,
  type Gpu,
  type Tensor,
  transpose,
} from "../../src/index.ts";
import { cast } from "../../src/graph/ops/cast.ts";
import { diagonal } from "../../src/models/covariance/diagonal.ts";
import { expected, logJoint, prepare as prepared } from "../../src/models/mixture/components.ts";
import { adam } from "../../src/nn/adam.ts";
import { LAYERS } from "../cases/mobileNet.ts";
import { filled } from "../random.ts";
import type { Engine, Runner, Task } from "../workload.ts";
import { calls } from "./measures.ts";
import { prepareTraining } from "./training/latentgpu.ts";

type Tensors = { readonly [name: string]: Tensor };
type Settings = Task["settings"];

const window = ({ stride, padding, groups }: Settings) => ({ stride: stride!, padding: padding!, groups: groups! });

/** The gradient by `of` of a convolution that meets the gradient g. */
const pulled = (of: "x" | "w", { x, w, g }: Tensors, s: Settings): Tensor =>
  grad(sum(mul(conv2d(x!, w!, window(s)), g!)), [of === "x" ? x! : w!])[0]!;

/** What workloads of one graph without a state record; inputs by the names of its case. */
export const recorded: {
  readonly [workload: string]: (inputs: Tensors, settings: Settings, gpu: Gpu) => Tensor | Tensor[];
} = {
  matmul: ({ a, b }, { transposeA, transposeB }) =>
    matmul(transposeA ? transpose(a!) : a!, transposeB ? transpose(b!) : b!),
  "conv forward": ({ x, w }, s) => conv2d(x!, w!, window(s)),
  // the gradients do not read the operand they are taken by: it is there for its shape, and dead in the plan
  "conv by input": ({ g, w }, s, gpu) =>
    pulled("x", { g: g!, w: w!, x: random.uniform(gpu, [s.batch!, s.in!, s.side!, s.side!], { seed: 0 }) }, s),
  "conv by weight": ({ g, x }, s, gpu) =>
    pulled(
      "w",
      { g: g!, x: x!, w: random.uniform(gpu, [s.out!, s.in! / s.groups!, s.kernel!, s.kernel!], { seed: 0 }) },
      s,
    ),
  map: ({ x, scale, shift }) => sigmoid(add(mul(x!, scale!), shift!)),
  sum: ({ x }, { axis }) => (axis === -1 ? sum(x!) : sum(x!, axis!)),
  softmax: ({ x }) => softmax(x!, 1),
  sort: ({ x }) => sort(x!).values,
  kl: ({ mean, logVar }) => sum(kl(mean!, logVar!)),
  covariance: ({ x }) => linalg.covariance(x!),
  cholesky: ({ a }) => linalg.cholesky(a!).factor,
  em({ x, weights, means, variances }) {
    const parameters = { weights: weights!, means: means!, covariances: { covariances: variances! } };
    const { offsets, whitening } = prepared(diagonal, parameters);
    const state = { ...parameters, offsets, whitening };
    const { responsibilities } = expected(logJoint(diagonal, x!, state));
    const next = diagonal.maximise(diagonal.statistics(x!, responsibilities, state), state, 0);
    return [next.weights, next.means, next.covariances["covariances"]!];
  },
};

type Floats = Float32Array<ArrayBuffer>;
const floats = async (tensor: Tensor): Promise<Floats> => (await tensor.read()) as Floats;

async function compiled(gpu: Gpu, record: () => Tensor | Tensor[]): Promise<Runner> {
  const program = await gpu.compile(() => [record()].flat());
  let latest: readonly Tensor[] = [];
  return {
    name: "latentgpu",
    async step() {
      latest = await program.run();
    },
    async repeat(steps) {
      latest = await program.repeat(steps);
    },
    finish: () => gpu.idle(),
    outputs: () => Promise.all(latest.map(floats)),
    dispose: () => program.dispose(),
  };
}

/** A step that is a call of its own, whose results are on the CPU at its end. */
function called(gpu: Gpu, call: () => Promise<Floats[]>, dispose: () => void = () => {}): Runner {
  let latest: Floats[] = [];
  return {
    name: "latentgpu",
    async step() {
      latest = await call();
    },
    finish: () => gpu.idle(),
    outputs: async () => latest,
    dispose,
  };
}

function normal(gpu: Gpu, count: number): Promise<Runner> {
  const step = gpu.state(new Uint32Array(1), []);
  return compiled(gpu, () => {
    assign(step, add(step, cast(gpu.tensor([1], []), "u32")));
    return random.normal(gpu, [count], { seed: 1, step });
  });
}

/** A kernel that was never there before, each step: the row's length stands in its text. */
function compilation(gpu: Gpu, { x, row }: Tensors, { rows, most, exponent }: Settings): Runner {
  let columns = 0;
  return called(gpu, async () => {
    columns = (columns % most!) + 4;
    const part = reshape(slice(x!, 0, 0, rows! * columns), [rows!, columns]);
    const y = mean(pow(add(part, slice(row!, 0, 0, columns)), exponent!));
    const found = await floats(y);
    y.dispose();
    return [found];
  });
}

async function update(gpu: Gpu, { p, g }: Tensors, { rate, beta1, beta2, epsilon }: Settings): Promise<Runner> {
  const parameter = gpu.state((await p!.read()) as Floats, p!.shape);
  const optimiser = adam(gpu, [parameter], { learningRate: rate!, betas: [beta1!, beta2!], epsilon: epsilon! });
  const runner = await compiled(gpu, () => {
    optimiser.update([g!]);
    return [];
  });
  return { ...runner, outputs: async () => [await floats(parameter)] };
}

async function eigh(gpu: Gpu, { a }: Tensors): Promise<Runner> {
  return called(gpu, async () => {
    const { values, vectors } = await linalg.eigh(a!);
    const found = [await floats(values), await floats(vectors)];
    values.dispose();
    vectors.dispose();
    return found;
  });
}

async function frechet(gpu: Gpu, { inputs, settings }: Task): Promise<Runner> {
  const moments = (mean: string, covariance: string) =>
    Moments.from({ mean: inputs[mean]!.values, covariance: inputs[covariance]!.values, count: 2 * settings.d! });
  const [a, b] = [moments("meanA", "covarianceA"), moments("meanB", "covarianceB")];
  return called(gpu, async () => [Float32Array.of((await frechetDistance(a, b, { gpu })).value)]);
}

/** What a MobileNet's file has beside its convolutions. */
const classifier = {
  "classifier.weight": filled([1, LAYERS.at(-1)!.weight[0]], () => 0),
  "classifier.bias": filled([1], () => 0),
};

/** The network as a user loads it: from a file. */
async function mobileNet(gpu: Gpu, { inputs: { x, ...weights }, settings }: Task): Promise<Runner> {
  const file = writeSafetensors(
    Object.entries({ ...weights, ...classifier }).map(([name, { shape, values }]) => [
      name,
      { dtype: "F32", shape, data: values },
    ]),
  );
  const network = await MobileNetV1.load(gpu, file, { size: settings.side! });
  const images = gpu.tensor(x!.values, x!.shape);
  const runner = await compiled(gpu, () => network.features(images));
  return {
    ...runner,
    dispose() {
      runner.dispose();
      images.dispose();
      network.dispose();
    },
  };
}

/** Adopts `own`, or opens a device: in Node there is one already. */
export async function open(own?: Gpu): Promise<Engine> {
  const gpu = own ?? (await openGpu());
  const prepare = async (task: Task): Promise<Runner | null> => {
    const { workload, settings } = task;
    if (workload.endsWith(" step")) return prepareTraining(task, gpu);
    if (workload === "frechet") return frechet(gpu, task);
    if (workload === "mobilenet") return mobileNet(gpu, task);
    const inputs = Object.fromEntries(
      Object.entries(task.inputs).map(([name, { values, shape }]) => [name, gpu.tensor(values, shape)]),
    );
    const prepared = (): Promise<Runner> | null => {
      const record = recorded[workload];
      if (record) return compiled(gpu, () => record(inputs, settings, gpu));
      const prepareCall = calls[workload];
      if (prepareCall) {
        const { call, dispose } = prepareCall(inputs, settings);
        return Promise.resolve(called(gpu, call, dispose));
      }
      if (workload === "normal") return normal(gpu, settings.count!);
      if (workload === "compile") return Promise.resolve(compilation(gpu, inputs, settings));
      if (workload === "adam") return update(gpu, inputs, settings);
      return workload === "eigh" ? eigh(gpu, inputs) : null;
    };
    const runner = await prepared();
    return (
      runner && {
        ...runner,
        dispose() {
          runner.dispose();
          for (const tensor of Object.values(inputs)) tensor.dispose();
        },
      }
    );
  };
  return { name: "latentgpu", version, prepare, dispose: () => gpu.dispose() };
}
