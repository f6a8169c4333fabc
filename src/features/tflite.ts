import { check, show } from "../device/errors.ts";
import { checkBytes, countOf, elements, float32OfHalf } from "../formats/elements.ts";
import type { Shape } from "../graph/dtype.ts";
import { FlatBuffer, type Table } from "./flatbuffer.ts";

/** What the graph's steps are called, by TensorFlow Lite's number. */
const OPS = {
  0: "add",
  2: "concat",
  3: "conv",
  4: "depthwise",
  6: "dequantize",
  14: "logistic",
  17: "maxPool",
  19: "relu",
  21: "relu6",
  22: "reshape",
  34: "pad",
} as const;
type OpName = (typeof OPS)[keyof typeof OPS];

/** An activation that an op ends with, by TensorFlow Lite's number. */
const ACTIVATIONS = { 0: "none", 1: "relu", 3: "relu6" } as const;
export type Activation = (typeof ACTIVATIONS)[keyof typeof ACTIVATIONS];

/** One step of a graph. Numbers of tensors, and what the op was asked for. */
export interface Step {
  readonly op: OpName;
  readonly inputs: readonly number[];
  readonly output: number;
  readonly activation: Activation;
  /** Whether padding is SAME; else none. */
  readonly same: boolean;
  /** Down and across. */
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Of a pool. */
  readonly window: readonly [number, number];
  /** Of a concatenation. */
  readonly axis: number;
  /** Of a reshape, as far as it is an option. */
  readonly shape: readonly number[];
}

/** A constant tensor of the file, floats widened to f32. */
export interface Constant {
  readonly shape: Shape;
  readonly values: Float32Array | Int32Array;
}

/** A .tflite file's first graph, as far as it is used here. */
export interface TfliteModel {
  readonly steps: readonly Step[];
  readonly constants: ReadonlyMap<number, Constant>;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Of every tensor, as the file says it for one image, channels last. */
  readonly shapes: readonly Shape[];
}

/** Numbers of the tensor types that are read: f32, f16, i32. */
const FLOAT32 = 0;
const FLOAT16 = 1;
const INT32 = 2;

/**
 * A .tflite file's first graph. Throws LatentError: "format" where bytes point out of the file or constants do not fit their shapes,
 * "unsupported" on an op, an activation or a type that is not read here, "limit" where constants together are larger than the file.
 * Source: tensorflow/lite/schema/schema.fbs.
 */
export function parseTflite(where: string, bytes: Uint8Array): TfliteModel {
  checkBytes(where, bytes);
  const identifier = String.fromCharCode(...bytes.subarray(4, 8));
  check(identifier === "TFL3", "format", where, () => {
    return `no .tflite file. Expected "TFL3" at byte 4; got ${JSON.stringify(identifier)}.`;
  });
  const model = new FlatBuffer(where, bytes).root;
  const graph = model.tables(2)[0];
  check(graph !== undefined, "format", where, () => "the file has no graph. Expected one; got 0.");
  const codes = model.tables(1).map((code) => Math.max(code.byte(0), code.int(3)));
  const buffers = model.tables(4);
  const tensors = graph.tables(0);
  const shapes = tensors.map((tensor) => tensor.ints(0));
  const constants = constantsOf(where, tensors, shapes, buffers, bytes.length);
  const steps: Step[] = [];
  for (const table of graph.tables(3)) {
    const step = stepOf(where, table, codes);
    for (const index of [...step.inputs, step.output])
      check(
        index < tensors.length && index >= -1,
        "format",
        where,
        () => `${step.op} names a tensor that is not there. Expected below ${tensors.length}; got ${index}.`,
      );
    const constant = constants.get(step.inputs[0]!);
    // weights stored as f16 stand behind a step that widens them, which they are already
    if (step.op === "dequantize" && constant) constants.set(step.output, constant);
    else steps.push(step);
  }
  return { steps, constants, inputs: graph.ints(1), outputs: graph.ints(2), shapes };
}

function constantsOf(
  where: string,
  tensors: readonly Table[],
  shapes: readonly Shape[],
  buffers: readonly Table[],
  most: number,
): Map<number, Constant> {
  const constants = new Map<number, Constant>();
  let total = 0;
  for (const [i, tensor] of tensors.entries()) {
    const data = buffers[tensor.int(2)]?.bytes(0);
    if (!data?.length) continue;
    total += data.length;
    // tensors may share bytes, and many that do would be more than the file
    check(total <= most, "limit", where, () => `constants overlap. Expected at most ${most} bytes; got ${total}.`);
    const type = tensor.byte(1);
    const size = type === FLOAT16 ? 2 : 4;
    check([FLOAT32, FLOAT16, INT32].includes(type), "unsupported", where, () => {
      return `tensor ${i} is of a type that is not read. Expected f32 (0), f16 (1) or i32 (2); got ${type}.`;
    });
    const fits = shapes[i]!.every((n) => n > 0) && countOf(shapes[i]!) * size === data.length;
    check(fits, "format", where, () => {
      return `tensor ${i} has ${data.length} bytes. Expected those of ${show(shapes[i]!)}, ${size} each; got another number.`;
    });
    const values =
      type === FLOAT16
        ? float32OfHalf(elements(data, Uint16Array, true))
        : type === INT32
          ? elements(data, Int32Array, true)
          : elements(data, Float32Array, true);
    const at = values.findIndex((value) => !Number.isFinite(value));
    check(at < 0, "data", where, () => `tensor ${i} is not finite. Expected numbers; got ${values[at]} at ${at}.`);
    constants.set(i, { shape: shapes[i]!, values });
  }
  return constants;
}

/** Where an op's options keep their activation, and the dilation across; no dilation at 0. */
const FIELDS: { readonly [op in OpName]?: readonly [activation: number, dilation: number] } = {
  conv: [3, 4],
  depthwise: [4, 5],
  maxPool: [5, 0],
  add: [0, 0],
  concat: [1, 0],
};

function stepOf(where: string, table: Table, codes: readonly number[]): Step {
  const code = codes[table.int(0)] ?? -1;
  const op = (OPS as { readonly [code: number]: OpName })[code];
  check(op !== undefined, "unsupported", where, () => {
    return `an op is not read here. Expected one of ${Object.values(OPS).join(", ")}; got TensorFlow Lite's number ${code}.`;
  });
  const options = table.table(4);
  const int = (field: number, otherwise = 0) => options?.int(field, otherwise) ?? otherwise;
  const byte = (field: number) => options?.byte(field) ?? 0;
  const [activationField, dilationField] = FIELDS[op] ?? [-1, 0];
  const number = activationField < 0 ? 0 : byte(activationField);
  const activation = (ACTIVATIONS as { readonly [number: number]: Activation })[number];
  check(activation !== undefined, "unsupported", where, () => {
    return `${op} ends with an activation that is not read here. Expected none, relu or relu6; got number ${number}.`;
  });
  const windowed = op === "conv" || op === "depthwise" || op === "maxPool";
  const [output, ...more] = table.ints(2);
  check(output !== undefined && more.length === 0, "format", where, () => {
    return `${op} has ${more.length + Number(output !== undefined)} results. Expected one.`;
  });
  return {
    op,
    inputs: table.ints(1),
    output,
    activation,
    same: byte(0) === 0,
    stride: windowed ? [int(2, 0), int(1, 0)] : [1, 1],
    dilation: dilationField ? [int(dilationField + 1, 1), int(dilationField, 1)] : [1, 1],
    window: op === "maxPool" ? [int(4), int(3)] : [1, 1],
    axis: op === "concat" ? int(0) : 0,
    shape: op === "reshape" ? (options?.ints(0) ?? []) : [],
  };
}
