/**
 * zip archives, as npz needs them: every size is checked against the file and the caps, before and while inflating.
 *
 * source: PKWARE APPNOTE 6.3. No encryption, no zip64, no split archives; folders and other entries that nobody asks for are passed over.
 */
import { Inflate } from "fflate";
import { crc32 } from "./crc32.ts";
import { check, LatentError, quote } from "./errors.ts";

/** What an archive may cost: bytes of all entries together, and inflated bytes per packed byte of one entry. */
export interface ZipCaps {
  maxBytes: number;
  maxRatio: number;
}

interface Entry {
  name: string;
  flags: number;
  /** 0 stored, 8 deflate */
  method: number;
  checksum: number;
  /** bytes in the archive, and bytes once unpacked */
  packed: number;
  bytes: number;
  /** where the local header starts */
  offset: number;
}

export const maxEntries = 1000;
/** an entry up to this size may have any ratio: a matrix of zeros is no bomb */
const freeBytes = 16 * 2 ** 20;
/** deflate makes at most this many bytes of one: 258 of two bits */
const maxRatio = 1032;
/** packed bytes inflated at a time */
const step = 16384;
/** bytes of an entry that `Wanted.fits` gets to see */
const headBytes = 2 ** 17;
const utf8 = new TextDecoder("utf-8");

/** Which entries are read. */
export interface Wanted {
  /** whether an entry of this name is; a name that is a path is only a name */
  has(name: string): boolean;
  /** whether an entry that starts with `head` is, of so many bytes; asked before a large one is unpacked; may throw */
  fits(name: string, head: Uint8Array, bytes: number): boolean;
}

/** Whether a name is that of a file: no folders, no drives, no "..", no control characters. */
export const isPlain = (name: string): boolean =>
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  /^[^/\\:\u0000-\u001f\u007f]+$/.test(name) && name !== "." && name !== "..";

/**
 * Names and contents of the wanted entries of an archive, in the order of its directory. Stored entries are views of `bytes`.
 *
 * Throws LatentError: "format" on an archive that breaks the rules, "limit" past a cap, "unsupported" on encryption,
 * zip64 or a method other than stored and deflate.
 */
export function readZip(bytes: Uint8Array, caps: ZipCaps, where: string, wanted: Wanted): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { entries, end } = directory(view, bytes, where);
  const starts = entries.map((entry) => bodyStart(view, bytes, entry, where));
  checkDisjoint(entries, starts, end, where);
  const most = Math.min(caps.maxBytes, Math.max(freeBytes, bytes.length * caps.maxRatio));
  const contents = new Map<string, Uint8Array>();
  let total = 0;
  for (const [i, entry] of entries.entries()) {
    const { name } = entry;
    if (!wanted.has(name)) continue;
    checkReadable(entry, where);
    const body = bytes.subarray(starts[i]!, starts[i]! + entry.packed);
    checkRatio(entry, caps, where);
    const large = entry.method === 8 && entry.bytes > 2 * headBytes;
    if (large && !wanted.fits(name, inflated(body, entry, where, headBytes), entry.bytes)) continue;
    total += entry.bytes;
    check(total <= most, "limit", where, () => {
      const remedy = `Raise ${most === caps.maxBytes ? "maxBytes" : "maxRatio"} if you trust it.`;
      return `archive is too large. Expected at most ${most} bytes unpacked; got ${total}. ${remedy}`;
    });
    contents.set(name, unpacked(body, entry, where));
  }
  return contents;
}

function directory(view: DataView, bytes: Uint8Array, where: string): { entries: Entry[]; end: number } {
  const tail = endRecord(view, where);
  const [disks, count, size, start] = [
    view.getUint32(tail + 4, true),
    view.getUint16(tail + 10, true),
    view.getUint32(tail + 12, true),
    view.getUint32(tail + 16, true),
  ];
  const wide = count === 0xffff || size === 0xffffffff || start === 0xffffffff;
  check(
    !wide && disks === 0,
    "unsupported",
    where,
    () => "zip64 or split archive. Expected one plain zip; got another.",
  );
  check(count <= maxEntries, "limit", where, () => `too many entries. Expected at most ${maxEntries}; got ${count}.`);
  check(start + size === tail, "format", where, () => {
    return `directory is not where it should be. Expected it to end at byte ${tail}; got ${start + size}.`;
  });
  const entries: Entry[] = [];
  const names = new Set<string>();
  let at = start;
  while (at < tail) {
    const fixed = at + 46 <= tail && view.getUint32(at, true) === 0x02014b50;
    check(fixed, "format", where, () => `directory is broken. Expected an entry at byte ${at}; got something else.`);
    const [nameBytes, extra, comment] = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [
      number,
      number,
      number,
    ];
    const next = at + 46 + nameBytes + extra + comment;
    check(
      next <= tail,
      "format",
      where,
      () => `directory is cut short. Expected ${next - at} bytes at ${at}; got ${tail - at}.`,
    );
    const entry = entryAt(view, at, utf8.decode(bytes.subarray(at + 46, at + 46 + nameBytes)));
    check(
      !names.has(entry.name),
      "format",
      where,
      () => `an entry comes twice. Expected one ${quote(entry.name)}; got two.`,
    );
    names.add(entry.name);
    entries.push(entry);
    at = next;
  }
  check(
    entries.length === count,
    "format",
    where,
    () => `entries are missing. Expected ${count}; got ${entries.length}.`,
  );
  return { entries, end: start };
}

/** Byte offset of the end record, whose comment must reach exactly to the end of the file. */
function endRecord(view: DataView, where: string): number {
  const last = view.byteLength - 22;
  for (let at = last; at >= Math.max(0, last - 65535); at--) {
    if (view.getUint32(at, true) === 0x06054b50 && view.getUint16(at + 20, true) === last - at) return at;
  }
  throw new LatentError(
    "format",
    `${where}: not a zip archive. Expected an end record; got ${view.byteLength} bytes without one.`,
  );
}

function entryAt(view: DataView, at: number, name: string): Entry {
  const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
  const [checksum, packed, bytes] = [16, 20, 24].map((field) => view.getUint32(at + field, true)) as [
    number,
    number,
    number,
  ];
  return { name, flags, method, checksum, packed, bytes, offset: view.getUint32(at + 42, true) };
}

function checkReadable({ name, flags, method }: Entry, where: string): void {
  check(
    (flags & 0x2041) === 0,
    "unsupported",
    where,
    () => `entry ${quote(name)} is encrypted. Expected plain data; got flags ${flags}.`,
  );
  check(method === 0 || method === 8, "unsupported", where, () => {
    return `entry ${quote(name)} is packed otherwise. Expected method 0 (stored) or 8 (deflate); got ${method}.`;
  });
}

/** Where the packed bytes of an entry start, once its local header agrees with the directory. */
function bodyStart(view: DataView, bytes: Uint8Array, entry: Entry, where: string): number {
  const { offset, name } = entry;
  const fits = offset + 30 <= bytes.length && view.getUint32(offset, true) === 0x04034b50;
  check(
    fits,
    "format",
    where,
    () => `entry ${quote(name)} is missing. Expected its header at byte ${offset}; got none.`,
  );
  const nameBytes = view.getUint16(offset + 26, true);
  const start = offset + 30 + nameBytes + view.getUint16(offset + 28, true);
  check(start + entry.packed <= bytes.length, "format", where, () => {
    const left = Math.max(0, bytes.length - start);
    return `entry ${quote(name)} is cut short. Expected ${entry.packed} bytes from byte ${start}; got ${left}.`;
  });
  const local = utf8.decode(bytes.subarray(offset + 30, offset + 30 + nameBytes));
  const method = view.getUint16(offset + 8, true);
  check(local === name && method === entry.method, "format", where, () => {
    const found = `${quote(local)} with method ${method}`;
    return `directory and entry differ. Expected ${quote(name)} with method ${entry.method}; got ${found}.`;
  });
  return start;
}

/** Entries that share bytes would let a small file unpack to a huge one. */
function checkDisjoint(entries: Entry[], starts: number[], end: number, where: string): void {
  const stops = new Map(entries.map((entry, i) => [entry, starts[i]! + entry.packed]));
  const ordered = [...entries].sort((a, b) => a.offset - b.offset);
  ordered.forEach((entry, i) => {
    const limit = ordered[i + 1]?.offset ?? end;
    const stop = stops.get(entry)!;
    check(stop <= limit, "format", where, () => {
      return `entries overlap. Expected ${quote(entry.name)} to end by byte ${limit}; got ${stop}.`;
    });
  });
}

function checkRatio({ name, bytes, packed }: Entry, caps: ZipCaps, where: string): void {
  check(bytes <= Math.max(freeBytes, packed * caps.maxRatio), "limit", where, () => {
    const expected = `at most ${caps.maxRatio} bytes a packed byte`;
    const found = `${bytes} from ${packed}`;
    return `entry ${quote(name)} unpacks too far. Expected ${expected}; got ${found}. Raise maxRatio if you trust it.`;
  });
}

function unpacked(body: Uint8Array, entry: Entry, where: string): Uint8Array {
  const { name } = entry;
  const possible = entry.method === 8 ? entry.packed * maxRatio : entry.packed;
  check(entry.bytes <= possible, "format", where, () => {
    return `entry ${quote(name)} has another size. Expected ${entry.bytes} bytes; got ${entry.packed} packed bytes.`;
  });
  const content = entry.method === 8 ? inflated(body, entry, where) : body;
  check(content.length === entry.bytes, "format", where, () => {
    return `entry ${quote(name)} has another size. Expected ${entry.bytes} bytes; got ${content.length}.`;
  });
  check(crc32(content) === entry.checksum, "format", where, () => {
    const [expected, found] = [entry.checksum, crc32(content)].map((sum) => sum.toString(16).padStart(8, "0"));
    return `entry ${quote(name)} is damaged. Expected CRC-32 ${expected}; got ${found}.`;
  });
  return content;
}

/** Inflates in small steps, so that a lying size is met at most one step (16 MiB) after it is passed; stops after `most` bytes. */
function inflated(body: Uint8Array, entry: Entry, where: string, most = entry.bytes): Uint8Array {
  const content = new Uint8Array(most);
  // a beginning may not cost more than it is
  const stride = most < entry.bytes ? 256 : step;
  let filled = 0;
  let idle = 0;
  const stream = new Inflate((piece) => {
    const chunk = most < entry.bytes ? piece.subarray(0, most - filled) : piece;
    check(filled + chunk.length <= content.length, "format", where, () => {
      return `entry ${quote(entry.name)} has another size. Expected ${entry.bytes} bytes; got more.`;
    });
    content.set(chunk, filled);
    filled += chunk.length;
    idle = chunk.length > 0 ? 0 : idle + stride;
  });
  try {
    for (let at = 0; at < body.length && (most === entry.bytes || filled < most); at += stride) {
      stream.push(body.subarray(at, at + stride), at + stride >= body.length);
      // a deflate block gives output at least once in 64 KiB; past its last block fflate would copy on and on
      check(idle <= 131072, "format", where, () => {
        const found = `${body.length} packed bytes`;
        return `entry ${quote(entry.name)} goes on after its end. Expected about ${at + stride - idle}; got ${found}.`;
      });
    }
  } catch (cause) {
    if (cause instanceof LatentError) throw cause;
    const detail = `entry ${quote(entry.name)} cannot be inflated. Expected deflate data; got ${String(cause)}.`;
    throw new LatentError("format", `${where}: ${detail}`, { cause });
  }
  return content.subarray(0, filled);
}
