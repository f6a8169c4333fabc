import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { loadMnistNode } from "../../src/data/mnist-node.ts";
import { loadMnist, mnistFiles, parseMnist, type MnistFiles, type MnistSplit } from "../../src/data/mnist.ts";
import { LatentError } from "../../src/formats/errors.ts";
import { refuses } from "../formats/refusal.ts";

/** An IDX file of bytes: this shape, every value of `fill`. */
function idx(shape: readonly number[], fill: (i: number) => number = () => 0): Uint8Array {
  const header = [0, 0, 8, shape.length, ...shape.flatMap((size) => [0, 0, size >> 8, size & 255])];
  const payload = Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) => fill(i));
  return Uint8Array.from([...header, ...payload]);
}

const small: MnistFiles = {
  trainImages: idx([3, 28, 28], (i) => i % 256),
  trainLabels: idx([3], (i) => i),
  testImages: idx([2, 28, 28]),
  testLabels: idx([2], () => 9),
};

function histogram({ labels }: MnistSplit): number[] {
  const counts = new Array<number>(10).fill(0);
  for (const label of labels) counts[label]!++;
  return counts;
}

test("the real files hold 60,000 and 10,000 digits, with the known counts of each", async () => {
  const { train, test } = await loadMnistNode();
  expect([train.count, train.images.length, train.labels.length]).toEqual([60_000, 47_040_000, 60_000]);
  expect([test.count, test.images.length, test.labels.length]).toEqual([10_000, 7_840_000, 10_000]);
  expect(train.shape).toEqual([1, 28, 28]);
  expect(histogram(train)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  expect(histogram(test)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  // the published mean and deviation of the training pixels, 0.1307 and 0.3081 of full scale
  let sum = 0;
  let squares = 0;
  for (const pixel of train.images) {
    sum += pixel;
    squares += pixel * pixel;
  }
  const mean = sum / train.images.length;
  expect(mean / 255).toBeCloseTo(0.1307, 4);
  expect(Math.sqrt(squares / train.images.length - mean * mean) / 255).toBeCloseTo(0.3081, 4);
});

test("images are a view of their file", () => {
  const { train } = parseMnist(small);
  expect(train.images.buffer).toBe(small.trainImages.buffer);
  expect([train.count, ...train.labels]).toEqual([3, 0, 1, 2]);
});

test("a folder without the files is refused by name", async () => {
  const error = await loadMnistNode("/nowhere").catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "data", message: expect.stringContaining("/nowhere/train-images-idx3-ubyte") });
});

refuses([
  [
    "a set with more images than labels",
    () => parseMnist({ ...small, trainLabels: idx([2]) }),
    "data",
    "parseMnist train: images and labels differ in number. Expected 3 labels for 3 images; got 2.",
  ],
  [
    "a label that is no digit",
    () => parseMnist({ ...small, testLabels: idx([2], (i) => 10 * i) }),
    "data",
    "parseMnist test: a label is no digit. Expected 0 to 9; got 10 at index 1.",
  ],
  [
    "images of another size",
    () => parseMnist({ ...small, testImages: idx([2, 28, 27]) }),
    "data",
    "parseMnist test: images have another shape. Expected u8 [n, 28, 28]; got u8 [2, 28, 27].",
  ],
  [
    "labels in place of images",
    () => parseMnist({ ...small, trainImages: small.trainLabels }),
    "data",
    "parseMnist train: images have another shape. Expected u8 [n, 28, 28]; got u8 [3].",
  ],
  [
    "images in place of labels",
    () => parseMnist({ ...small, trainLabels: small.trainImages }),
    "data",
    "parseMnist train: labels have another shape. Expected u8 [n]; got u8 [3, 28, 28].",
  ],
  [
    "images cut short",
    () => parseMnist({ ...small, trainImages: small.trainImages.subarray(0, -1) }, "loadMnist"),
    "format",
    "loadMnist train images: length and header differ. Expected 2368 bytes for u8 [3, 28, 28]; got 2367.",
  ],
]);

describe("from a server", () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  /** The address of a server that answers each file's name through `answer`, by default with the small set. */
  async function served(answer?: (key: keyof MnistFiles, response: ServerResponse) => void): Promise<string> {
    server = createServer((request, response) => {
      const [key] = Object.entries(mnistFiles).find(([, { name }]) => request.url === `/digits/${name}`) ?? [];
      if (key === undefined) response.writeHead(404).end();
      else if (answer) answer(key as keyof MnistFiles, response);
      else response.end(small[key as keyof MnistFiles]);
    });
    await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/digits`;
  }

  test("both splits come, with progress in bytes", async () => {
    const steps: number[] = [];
    const onProgress = ({ step, total }: { step: number; total: number }): void => {
      steps.push(step);
      expect(total).toBe(54_950_048);
    };
    expect(await loadMnist(`${await served()}/`, { onProgress })).toEqual(parseMnist(small));
    expect(steps.at(-1)).toBe(Object.values(small).reduce((sum: number, { length }) => sum + length, 0));
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
  });

  test("a file larger than usual is read whole", async () => {
    const labels = idx([60_300]);
    const images = new Uint8Array(16 + 60_300 * 784);
    images.set([0, 0, 8, 3, 0, 0, 60_300 >> 8, 60_300 & 255, 0, 0, 0, 28, 0, 0, 0, 28]);
    images.fill(3, -1);
    const files: MnistFiles = { ...small, trainImages: images, trainLabels: labels };
    const { train } = await loadMnist(await served((key, response) => response.end(files[key])));
    expect([train.count, train.images.at(-1), train.images.length]).toEqual([60_300, 3, 60_300 * 784]);
  });

  test("a missing file is refused with its address and status", async () => {
    const url = await served((_key, response) => response.writeHead(404).end());
    const error = await loadMnist(url).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LatentError);
    expect(error).toMatchObject({
      code: "data",
      message: expect.stringMatching(/^loadMnist: no file at "http:.*ubyte"\. Expected status 200; got 404\. Serve/),
    });
  });

  test("a connection that breaks off is refused", async () => {
    const url = await served((key, response) => {
      response.writeHead(200, { "content-length": small[key].length + 5 });
      response.write(small[key], () => response.destroy());
    });
    await expect(loadMnist(url)).rejects.toMatchObject({ code: "data" });
  });

  test("an abort rejects with its reason, before, during and after", async () => {
    const reason = new Error("enough");
    await expect(loadMnist("http://127.0.0.1:1", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const control = new AbortController();
    const url = await served((key, response) => {
      response.write(small[key].subarray(0, 20));
      setTimeout(() => control.abort(reason), 20);
    });
    await expect(loadMnist(url, { signal: control.signal })).rejects.toBe(reason);
    server?.closeAllConnections();
    server?.close();
    const late = new AbortController();
    await loadMnist(await served(), { signal: late.signal });
    late.abort(reason);
  });

  test("a misspelt option is refused", async () => {
    await expect(loadMnist("http://127.0.0.1:1", { onprogress: () => {} } as object)).rejects.toThrow(
      'loadMnist: unknown option. Expected only signal, onProgress; got "onprogress".',
    );
  });
});
