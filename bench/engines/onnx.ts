// ONNX models as bytes: the fields of onnx.proto that a graph of float32 tensors needs, in protobuf's wire format.
//
// source     onnx.proto of the ONNX project (field numbers), Protocol Buffers' encoding (tags, varints, lengths)

const IR_VERSION = 8;
const OPSET = 18;

type Bytes = Uint8Array<ArrayBuffer>;

/** A tensor that is part of the model; whole numbers are int64, as axes and shapes are. */
export interface Constant {
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>;
}

/** One operator: its inputs and outputs by name, its attributes by kind. */
export interface Node {
  readonly op: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly whole?: { readonly [name: string]: number | readonly number[] };
  readonly real?: { readonly [name: string]: number };
}

/** Shapes of inputs and outputs by name, constants by name, and nodes in an order in which they can run. */
export interface Graph {
  readonly inputs: { readonly [name: string]: readonly number[] };
  readonly outputs: { readonly [name: string]: readonly number[] };
  readonly constants?: { readonly [name: string]: Constant };
  readonly nodes: readonly Node[];
}

function joined(parts: readonly Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A whole number in groups of seven bits, the lowest first; a negative one as its two's complement of 64 bits. */
function varint(value: number): number[] {
  const groups: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) groups.push(Number(rest & 127n) | 128);
  return [...groups, Number(rest)];
}

const integer = (field: number, value: number): Bytes => Uint8Array.from([...varint(field << 3), ...varint(value)]);

function float(field: number, value: number): Bytes {
  return joined([Uint8Array.from(varint((field << 3) | 5)), new Uint8Array(Float32Array.of(value).buffer)]);
}

function message(field: number, ...parts: readonly Bytes[]): Bytes {
  const content = joined(parts);
  return joined([Uint8Array.from([...varint((field << 3) | 2), ...varint(content.length)]), content]);
}

const string = (field: number, value: string): Bytes => message(field, new TextEncoder().encode(value));

/** TensorProto: 1 dims, 2 data_type, 8 name, 9 raw_data. */
function tensor(field: number, name: string, { shape, values }: Constant): Bytes {
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const type = values instanceof Float32Array ? 1 : 7;
  return message(field, ...shape.map((size) => integer(1, size)), integer(2, type), string(8, name), message(9, raw));
}

/** ValueInfoProto: 1 name, 2 type (1 tensor_type: 1 elem_type, 2 shape: 1 dim: 1 dim_value). */
function value(field: number, name: string, shape: readonly number[]): Bytes {
  const dims = message(2, ...shape.map((size) => message(1, integer(1, size))));
  return message(field, string(1, name), message(2, message(1, integer(1, 1), dims)));
}

/** NodeProto: 1 input, 2 output, 4 op_type, 5 attribute (1 name, 2 f, 3 i, 8 ints, 20 type: 1 f, 2 i, 7 ints). */
function node(field: number, { op, from, to, whole = {}, real = {} }: Node): Bytes {
  const attributes = [
    ...Object.entries(real).map(([name, f]) => [string(1, name), float(2, f), integer(20, 1)]),
    ...Object.entries(whole).map(([name, i]) =>
      typeof i === "number"
        ? [string(1, name), integer(3, i), integer(20, 2)]
        : [string(1, name), ...i.map((one) => integer(8, one)), integer(20, 7)],
    ),
  ];
  return message(
    field,
    ...from.map((name) => string(1, name)),
    ...to.map((name) => string(2, name)),
    string(4, op),
    ...attributes.map((parts) => message(5, ...parts)),
  );
}

/** ModelProto: 1 ir_version, 7 graph (1 node, 2 name, 5 initializer, 11 input, 12 output), 8 opset_import (2 version). */
export function model({ inputs, outputs, constants = {}, nodes }: Graph): Bytes {
  const graph = message(
    7,
    ...nodes.map((one) => node(1, one)),
    string(2, "graph"),
    ...Object.entries(constants).map(([name, constant]) => tensor(5, name, constant)),
    ...Object.entries(inputs).map(([name, shape]) => value(11, name, shape)),
    ...Object.entries(outputs).map(([name, shape]) => value(12, name, shape)),
  );
  return joined([integer(1, IR_VERSION), graph, message(8, integer(2, OPSET))]);
}
