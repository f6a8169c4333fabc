import { check } from "../device/errors.ts";

/**
 * Bytes of a flatbuffer, little-endian: every read is checked against the file's end.
 * Source: https://flatbuffers.dev/internals
 */
export class FlatBuffer {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #where: string;

  constructor(where: string, bytes: Uint8Array) {
    this.#where = where;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** The table that the file begins with. */
  get root(): Table {
    return new Table(this, this.u32(0));
  }

  #at(at: number, bytes: number): number {
    check(
      at >= 0 && at + bytes <= this.#bytes.length,
      "format",
      this.#where,
      () => `an offset points out of the file. Expected ${bytes} bytes within ${this.#bytes.length}; got offset ${at}.`,
    );
    return at;
  }

  /** Whole numbers at a byte offset. */
  u8 = (at: number): number => this.#view.getUint8(this.#at(at, 1));
  u16 = (at: number): number => this.#view.getUint16(this.#at(at, 2), true);
  u32 = (at: number): number => this.#view.getUint32(this.#at(at, 4), true);
  i32 = (at: number): number => this.#view.getInt32(this.#at(at, 4), true);

  /** Length of the vector at an offset, and where its elements, of `size` bytes each, begin. Throws "limit" on more than `most` elements. */
  vector(at: number, size: number, most = Infinity): { readonly length: number; readonly start: number } {
    const length = this.u32(at);
    check(length <= most, "limit", this.#where, () => `a list is too long. Expected at most ${most}; got ${length}.`);
    this.#at(at + 4, length * size);
    return { length, start: at + 4 };
  }

  /** The bytes of the vector at an offset. */
  bytes(at: number): Uint8Array {
    const { length, start } = this.vector(at, 1);
    return this.#bytes.subarray(start, start + length);
  }
}

/** A table of a flatbuffer: fields by number, each with a default. */
export class Table {
  readonly #buffer: FlatBuffer;
  readonly #start: number;
  readonly #fields: number;
  readonly #fieldBytes: number;

  constructor(buffer: FlatBuffer, start: number) {
    this.#buffer = buffer;
    this.#start = start;
    this.#fields = start - buffer.i32(start);
    this.#fieldBytes = buffer.u16(this.#fields);
  }

  /** Where a field's value is; 0 where the table has none. */
  #at(field: number): number {
    const entry = 4 + 2 * field;
    if (entry + 2 > this.#fieldBytes) return 0;
    const offset = this.#buffer.u16(this.#fields + entry);
    return offset === 0 ? 0 : this.#start + offset;
  }
  #reference(field: number): number {
    const at = this.#at(field);
    return at === 0 ? 0 : at + this.#buffer.u32(at);
  }

  /** A byte. */
  byte(field: number, otherwise = 0): number {
    const at = this.#at(field);
    return at === 0 ? otherwise : this.#buffer.u8(at);
  }
  /** A signed whole number of 32 bits. */
  int(field: number, otherwise = 0): number {
    const at = this.#at(field);
    return at === 0 ? otherwise : this.#buffer.i32(at);
  }
  /** Another table; undefined where there is none. */
  table(field: number): Table | undefined {
    const at = this.#reference(field);
    return at === 0 ? undefined : new Table(this.#buffer, at);
  }
  /** A list of signed whole numbers, at most 64: many tables may point to one list. */
  ints(field: number): number[] {
    const at = this.#reference(field);
    if (at === 0) return [];
    const { length, start } = this.#buffer.vector(at, 4, 64);
    return Array.from({ length }, (_, i) => this.#buffer.i32(start + 4 * i));
  }
  /** A list of tables, at most 10,000. */
  tables(field: number): Table[] {
    const at = this.#reference(field);
    if (at === 0) return [];
    const { length, start } = this.#buffer.vector(at, 4, 10_000);
    return Array.from({ length }, (_, i) => {
      const entry = start + 4 * i;
      return new Table(this.#buffer, entry + this.#buffer.u32(entry));
    });
  }
  /** A list of bytes; empty where there is none. */
  bytes(field: number): Uint8Array {
    const at = this.#reference(field);
    return at === 0 ? new Uint8Array() : this.#buffer.bytes(at);
  }
}
