import { describe, expect, it } from "vitest";
import { add, assign, slice, sum, type Tensor, transpose } from "../src/index.ts";
import { failure, opener } from "./helpers.ts";

const open = opener();

const valuesOf = async (x: Tensor): Promise<number[]> => [...(await x.read())];

describe("a compiled step", () => {
  it("keeps what it captured, also where that is disposed while it compiles", async () => {
    const gpu = await open();
    const w = gpu.tensor(new Float32Array(777).fill(5));
    const compiling = gpu.compile(() => w.mul(2.25));
    w.dispose();
    const other = gpu.tensor(new Float32Array(777).fill(100));
    const step = await compiling;
    expect(new Set(await (await step.run()).read())).toEqual(new Set([11.25]));
    step.dispose();
    other.dispose();
    expect(gpu.memory().buffers).toBe(0);
  });

  it("lets go of what it captured, and of its inputs' memory, where it cannot be compiled", async () => {
    const gpu = await open({ defaultLimits: true });
    const w = gpu.tensor(new Float32Array(6000), [6000, 1]);
    const x = gpu.tensor(new Float32Array(6000), [1, 6000]);
    const before = gpu.memory();
    const error = await failure(() => gpu.compile((input) => add(w, input!), x));
    expect(error.code).toBe("limit");
    expect(gpu.memory()).toMatchObject({ buffers: before.buffers, bytes: before.bytes });
    w.dispose();
    x.dispose();
    expect(gpu.memory().buffers).toBe(0);
  });

  it("outlives the scope in which it was compiled, or met a new shape", async () => {
    const gpu = await open();
    const w = gpu.tensor([2]);
    const x = gpu.tensor([1, 2, 3]);
    const step = await gpu.scope(() => gpu.compile((input) => input!.mul(w), x));
    expect(await valuesOf(await step.run(x))).toEqual([2, 4, 6]);
    await gpu.scope(async () => void (await step.run(gpu.tensor([1, 2]))));
    expect(await valuesOf(await step.run(gpu.tensor([5, 6])))).toEqual([10, 12]);
    expect(step.stats.traces).toBe(2);
  });

  it.each([
    { runs: "short", milliseconds: 0, underway: 8 },
    { runs: "long", milliseconds: 1000, underway: 2 },
  ])(
    "costs one submit a run, and waits while $underway $runs ones are under way",
    async ({ milliseconds, underway }) => {
      const gpu = await open();
      const x = gpu.tensor([1, 2, 3]);
      const step = await gpu.compile((input) => input!.mul(2), x);
      const { queue } = gpu.device;
      const [submit, ended] = [queue.submit.bind(queue), queue.onSubmittedWorkDone.bind(queue)];
      const { now } = performance;
      let [submits, time] = [0, 0];
      queue.submit = (commands) => {
        submits++;
        submit(commands);
      };
      performance.now = () => (time += milliseconds);
      const held: (() => void)[] = [];
      try {
        for (let warm = 0; warm < 3; warm++) await (await step.run(x)).read();
        await ended();
        submits = 0;
        queue.onSubmittedWorkDone = () => new Promise((end) => held.push(() => end(undefined)));
        for (let run = 0; run < underway; run++) await step.run(x);
        expect(submits).toBe(underway);
        const next = step.run(x);
        await new Promise((later) => setTimeout(later, 20));
        expect(submits).toBe(underway);
        held[0]!();
        await next;
        expect(submits).toBe(underway + 1);
      } finally {
        performance.now = now;
        queue.submit = submit;
        queue.onSubmittedWorkDone = ended;
        for (const end of held) end();
      }
      expect(await valuesOf(await step.run(x))).toEqual([2, 4, 6]);
    },
  );

  it("takes one run after another, and goes on after one that failed", async () => {
    const gpu = await open();
    const w = gpu.state([0]);
    const [one, hundred] = [gpu.tensor([1]), gpu.tensor([100])];
    const step = await gpu.compile((x) => assign(w, w.add(x!)), one);
    await Promise.all([step.run(one), step.run(hundred)]);
    expect(await valuesOf(w)).toEqual([101]);
    const gone = gpu.tensor([7]);
    gone.dispose();
    const [failed] = await Promise.allSettled([step.run(gone), step.run(one), step.repeat(2, hundred)]);
    expect(failed).toMatchObject({ status: "rejected", reason: { code: "disposed" } });
    expect(await valuesOf(w)).toEqual([302]);
  });

  it("writes nothing and keeps no memory when it is disposed during a run", async () => {
    const gpu = await open();
    const step = await gpu.compile((x) => x!.mul(2), gpu.tensor([1]));
    const inputs = [gpu.tensor([3]).add(1), gpu.tensor([3, 4]).add(1)];
    const running = inputs.map((x) => failure(() => step.run(x)));
    step.dispose();
    for (const error of await Promise.all(running)) expect(error.code).toBe("disposed");
    const late = await gpu.compile((x) => x!.mul(2), gpu.tensor([1]));
    const tracing = failure(() => late.run(gpu.tensor([1, 2, 3])));
    await new Promise((resolve) => setTimeout(resolve, 0));
    const { buffers } = gpu.memory();
    late.dispose();
    expect((await tracing).code).toBe("disposed");
    expect(gpu.memory().buffers).toBeLessThanOrEqual(buffers);
  });
});

describe("eager runs", () => {
  it("of one tensor at once leave one buffer", async () => {
    const gpu = await open();
    const x = gpu.tensor(new Float32Array(1000).fill(2));
    const before = gpu.memory();
    for (let k = 0; k < 3; k++) {
      const y = x.mul(k);
      const total = sum(y);
      const [first, all, second] = await Promise.all([y.read(), total.item(), y.read()]);
      expect([first[0], all, second[999]]).toEqual([2 * k, 2000 * k, 2 * k]);
      for (const tensor of [y, total]) tensor.dispose();
    }
    expect(gpu.memory()).toMatchObject({ buffers: before.buffers, bytes: before.bytes });
  });

  it("give back what they took where a later buffer is too large", async () => {
    const gpu = await open({ defaultLimits: true });
    const column = gpu.tensor(new Float32Array(6000), [6000, 1]);
    const scale = sum(column.exp());
    const before = gpu.memory();
    const huge = add(column.mul(scale).exp(), column.reshape([1, 6000]));
    expect((await failure(() => huge.read())).code).toBe("limit");
    expect(gpu.memory()).toMatchObject({ buffers: before.buffers, bytes: before.bytes });
  });
});

describe("assign", () => {
  it("writes a state, or a part of it that lies in order at a multiple of 256 bytes", async () => {
    const gpu = await open();
    const w = gpu.state(new Float32Array(192));
    const step = await gpu.compile(() => {
      assign(slice(w, 0, 64, 67), gpu.tensor([1, 2, 3]));
      assign(slice(w, 0, 128, 130).reshape([1, 2]), gpu.tensor([[4, 5]]));
    });
    await step.run();
    const expected = new Float32Array(192);
    expected.set([1, 2, 3], 64);
    expected.set([4, 5], 128);
    expect(await w.read()).toEqual(expected);
  });

  it("refuses looks at a state whose elements lie apart, in another order, or off the grid", async () => {
    const gpu = await open();
    const w = gpu.state([
      [1, 2],
      [3, 4],
    ]);
    const row = gpu.tensor([[7, 8]]);
    const views: [Tensor, Tensor][] = [
      [slice(w, 1, 0, 1), transpose(row)],
      [transpose(w), w.mul(2)],
      [slice(w, 0, 1, 2), row],
    ];
    for (const [view, next] of views) {
      const error = await failure(() => gpu.compile(() => assign(view, next)));
      expect(error.code).toBe("argument");
      expect(error.message).toMatch(/^assign: expected a tensor made by gpu\.state, or a part of one in order/);
    }
    expect(await valuesOf(w)).toEqual([1, 2, 3, 4]);
  });

  it("refuses two that meet", async () => {
    const gpu = await open();
    const w = gpu.state(new Float32Array(128));
    for (const other of [w, w.reshape([2, 64]), slice(w, 0, 64, 128)]) {
      const twice = () => {
        assign(w, w.add(1));
        assign(other, other.mul(2));
      };
      expect((await failure(() => gpu.compile(twice))).message).toMatch(/assigned twice/);
    }
  });
});

describe("a read that the device refuses", () => {
  it("rejects itself, and no other call", async () => {
    const gpu = await open();
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
    const buffer = gpu.device.createBuffer({ label: "the app's", size: 16, usage });
    const bad = gpu.fromBuffer(buffer, [4]);
    const good = gpu.tensor([9, 9]);
    buffer.destroy();
    for (const order of [[bad, good, good] as const, [good, bad, good] as const]) {
      const settled = await Promise.allSettled(order.map((x) => x.read()));
      for (const [i, x] of order.entries())
        if (x === good) expect(settled[i]).toMatchObject({ value: Float32Array.of(9, 9) });
        else
          expect(settled[i]).toMatchObject({
            reason: { code: "argument", message: expect.stringMatching(/^read \[4\]: .*the app's/s) },
          });
    }
    expect(await valuesOf(good.mul(2))).toEqual([18, 18]);
  });
});

describe("fromBuffer", () => {
  it("reads what is there, from an offset on, without a copy", async () => {
    const gpu = await open();
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = gpu.device.createBuffer({ size: 264, usage });
    gpu.device.queue.writeBuffer(buffer, 256, Float32Array.of(3, 4));
    const x = gpu.fromBuffer(buffer, [2], { offset: 256 });
    expect(await valuesOf(x)).toEqual([3, 4]);
    expect(await valuesOf(x.mul(2))).toEqual([6, 8]);
    const step = await gpu.compile((input) => input!.add(1), x);
    expect(await valuesOf(await step.run(x))).toEqual([4, 5]);
    buffer.destroy();
  });

  it("refuses what would fail later", async () => {
    const gpu = await open();
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
    const buffer = gpu.device.createBuffer({ size: 1024, usage });
    for (const offset of [-256, 4, 0.5, NaN])
      expect((await failure(() => gpu.fromBuffer(buffer, [4], { offset }))).message).toMatch(
        /^fromBuffer: expected an offset ≥ 0 that is a multiple of 256; got/,
      );
    for (const shape of [[-4], [1.5]]) expect((await failure(() => gpu.fromBuffer(buffer, shape))).code).toBe("shape");
    expect((await failure(() => gpu.fromBuffer(buffer, [257]))).message).toMatch(/Expected 1028 bytes.*got 1024/);
    expect((await failure(() => gpu.fromBuffer(buffer, [4], { ofset: 3 } as object))).message).toMatch(/"ofset"/);
    for (const part of [GPUBufferUsage.STORAGE, GPUBufferUsage.COPY_SRC]) {
      const lacking = gpu.device.createBuffer({ size: 16, usage: part });
      expect((await failure(() => gpu.fromBuffer(lacking, [4]))).message).toMatch(
        /expected a buffer with GPUBufferUsage/,
      );
      lacking.destroy();
    }
    buffer.destroy();
  });
});
