import { expect, it } from "vitest";
import { openNodeGpu } from "../src/node.ts";
import { grad, matmul, random, relu, kl, sum, transpose, softmax, logsumexp, variance, concat, assign, linear, bernoulliLogLikelihood, mean, slice } from "../src/index.ts";

it("goes all the way", async () => {
  const gpu = await openNodeGpu();
  const x = gpu.tensor([[1, 2, 3], [4, 5, 6]]);
  const y = relu(x.mul(2).add(gpu.tensor([1, -100, 1])));
  expect([...(await y.read())]).toEqual([3, 0, 7, 9, 0, 13]);
  expect(await sum(x).item()).toBe(21);
  expect([...(await sum(x, 0).read())]).toEqual([5, 7, 9]);
  expect([...(await sum(transpose(x), 0).read())]).toEqual([6, 15]);
  expect([...(await matmul(x, transpose(x)).add(1).read())]).toEqual([15, 33, 33, 78]);
  const k = kl(gpu.tensor([[1, -0.5]]), gpu.tensor([[0, Math.log(4)]]));
  expect(Math.abs((await k.item()) - 1.43185281944)).toBeLessThan(2e-6);
  const [dx] = grad(sum(relu(matmul(x, transpose(x)))), [x]);
  expect([...(await dx!.read())]).toEqual([10, 14, 18, 10, 14, 18]);
  const z = await random.normal(gpu, [10000], { seed: 1 }).read();
  const m = z.reduce((a, b) => a + b, 0) / 1e4;
  console.log("mean", m, "var", z.reduce((a, b) => a + b * b, 0) / 1e4);
  console.log([...(await softmax(x).read())], [...(await logsumexp(x, 1).read())], await variance(x).item());
  console.log([...(await concat([slice(x, 1, 0, 1), x.mul(2)], 1).read())]);
  gpu.dispose();
});

it("trains", async () => {
  const gpu = await openNodeGpu();
  const w = gpu.state(new Float32Array(6).fill(0.1), [2, 3]);
  const b = gpu.state(new Float32Array(2), [2]);
  const step = await gpu.compile((x, t) => {
    const loss = mean(bernoulliLogLikelihood(linear(x!, w, b), t!)).neg();
    const [dw, db] = grad(loss, [w, b]);
    assign(w, w.sub(dw!.mul(0.1)));
    assign(b, b.sub(db!.mul(0.1)));
    return loss;
  }, gpu.tensor(new Float32Array(12), [4, 3]), gpu.tensor(new Float32Array(8), [4, 2]));
  console.log(step.explain());
  const x = gpu.tensor(Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)), [4, 3]);
  const t = gpu.tensor(Float32Array.from({ length: 8 }, (_, i) => i % 2), [4, 2]);
  const losses: number[] = [];
  for (let i = 0; i < 5; i++) losses.push(await (await step.repeat(20, x, t)).item());
  console.log(losses, step.stats, gpu.memory(), gpu.counters());
  expect(losses.at(-1)!).toBeLessThan(losses[0]!);
  gpu.dispose();
});
