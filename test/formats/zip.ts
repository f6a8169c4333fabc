import { crc32 } from "../../src/formats/crc32.ts";

/** An entry of a hand-made archive; what is not given is right. */
export interface Part {
  name: string;
  body: Uint8Array;
  method?: number;
  flags?: number;
  checksum?: number;
  bytes?: number;
  localName?: string;
  /** where the directory says it starts */
  offset?: number;
}

/** A zip of these entries, with any lie that they ask for. */
export function zip(
  parts: Part[],
  { comment = "", count = parts.length }: { comment?: string; count?: number } = {},
): Uint8Array {
  const encoder = new TextEncoder();
  const local: number[] = [];
  const directory: number[] = [];
  const u16 = (value: number): number[] => [value & 255, value >> 8];
  const u32 = (value: number): number[] => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];
  for (const part of parts) {
    const { name, body, method = 0, flags = 0, checksum = crc32(body), bytes = body.length, localName = name } = part;
    const offset = part.offset ?? local.length;
    const sizes = [...u32(checksum), ...u32(body.length), ...u32(bytes)];
    const fields = [...u16(20), ...u16(flags), ...u16(method), ...u32(0x210000), ...sizes];
    const [inside, listed] = [encoder.encode(localName), encoder.encode(name)];
    local.push(...u32(0x04034b50), ...fields, ...u16(inside.length), 0, 0, ...inside, ...body);
    directory.push(...u32(0x02014b50), ...u16(20), ...fields, ...u16(listed.length), ...u16(0), ...u16(0));
    directory.push(...u16(0), ...u16(0), ...u32(0), ...u32(offset), ...listed);
  }
  const end = [
    ...u32(0x06054b50),
    0,
    0,
    0,
    0,
    ...u16(count),
    ...u16(count),
    ...u32(directory.length),
    ...u32(local.length),
  ];
  return Uint8Array.of(...local, ...directory, ...end, ...u16(comment.length), ...encoder.encode(comment));
}
