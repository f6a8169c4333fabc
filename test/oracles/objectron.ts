import { type Field, flatbuffer } from "./flatbuffer.ts";

const [ANCHORS, CLASSES] = [1917, 24];
/** TensorFlow Lite's numbers of the ops, in the order in which the file lists them. */
const CODES = [17, 3, 22];
const [POOL, CONV, RESHAPE] = [0, 1, 2];

/**
 * A .tflite file that takes images as Objectron's network does and gives results of its shapes, by three layers: the largest value of each
 * ninth of the image, and two 1 × 1 convolutions whose weights are 0 but for what `bias` says of results. `boxes` and `logits` are the biases of
 * one ninth: [852] and [5112].
 */
export function smallObjectron(boxes: (i: number) => number, logits: (i: number) => number): Uint8Array<ArrayBuffer> {
  const cells = 9;
  const [boxChannels, logitChannels] = [(ANCHORS * 4) / cells, (ANCHORS * CLASSES) / cells];
  const buffers: Field[][] = [[]];
  const tensor = (shape: readonly number[], values?: Float32Array): readonly Field[] => {
    if (values) buffers.push([{ bytes: new Uint8Array(values.buffer) }]);
    return [{ ints: shape }, { byte: 0 }, { int: values ? buffers.length - 1 : 0 }];
  };
  const layer = (channels: number, bias: (i: number) => number) => [
    tensor([channels, 1, 1, 3], new Float32Array(channels * 3)),
    tensor(
      [channels],
      Float32Array.from({ length: channels }, (_, i) => bias(i)),
    ),
    tensor([1, 3, 3, channels]),
  ];
  const tensors = [
    tensor([1, 300, 300, 3]),
    tensor([1, 3, 3, 3]),
    ...layer(boxChannels, boxes),
    tensor([1, ANCHORS, 4]),
    ...layer(logitChannels, logits),
    tensor([1, ANCHORS, CLASSES]),
  ];
  const valid: Field = { byte: 1 };
  const step = (
    code: number,
    inputs: readonly number[],
    output: number,
    options: readonly Field[],
  ): readonly Field[] => [{ int: code }, { ints: inputs }, { ints: [output] }, undefined, { table: options }];
  const one: readonly Field[] = [valid, { int: 1 }, { int: 1 }];
  const steps = [
    step(POOL, [0], 1, [valid, { int: 100 }, { int: 100 }, { int: 100 }, { int: 100 }]),
    step(CONV, [1, 2, 3], 4, one),
    step(RESHAPE, [4], 5, [{ ints: [1, ANCHORS, 4] }]),
    step(CONV, [1, 6, 7], 8, one),
    step(RESHAPE, [8], 9, [{ ints: [1, ANCHORS, CLASSES] }]),
  ];
  const graph = [{ tables: tensors }, { ints: [0] }, { ints: [5, 9] }, { tables: steps }];
  const codes = CODES.map((code): readonly Field[] => [{ byte: code }, undefined, undefined, { int: code }]);
  return flatbuffer("TFL3", [{ int: 3 }, { tables: codes }, { tables: [graph] }, undefined, { tables: buffers }]);
}
