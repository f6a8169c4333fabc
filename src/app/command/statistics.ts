import { check, quote } from "../../formats/errors.ts";
import { parseNpz, writeNpz } from "../../formats/npz.ts";
import { Moments } from "../../index.ts";

/** Moments of features, and what the features were: "" where the file does not say. */
export interface Statistics {
  readonly moments: Moments;
  /** Moments of classRows(probabilities), of the same samples. */
  readonly classes?: Moments | undefined;
  readonly features: string;
  /** Sources read so far and their checksum, in a file that an interrupted run left. */
  readonly position?: number;
  readonly list?: number;
}

/** Most characters of a features' name. */
const MOST = 4096;

/** An npz file of mu, sigma and n, as pytorch-fid reads it, class_mu and class_sigma, and the features' name as bytes of UTF-8. */
export function writeStatistics({ moments, classes, features, position, list }: Statistics): Uint8Array<ArrayBuffer> {
  const arrays = ({ dim, mean, covariance }: Moments, prefix = "") => ({
    [`${prefix}mu`]: { shape: [dim], values: mean },
    [`${prefix}sigma`]: { shape: [dim, dim], values: covariance },
  });
  const number = (value: number) => ({ shape: [], values: Float64Array.of(value) });
  const name = new TextEncoder().encode(features);
  return writeNpz({
    ...arrays(moments),
    ...(classes && arrays(classes, "class_")),
    n: number(moments.count),
    features: { shape: [name.length], values: name },
    ...(position === undefined ? {} : { position: number(position) }),
    ...(list === undefined ? {} : { list: number(list) }),
  });
}

/** Whether bytes are an npz file with mu and sigma. */
export function isStatistics(file: string, bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) return false;
  const names: string[] = [];
  parseNpz(bytes, { arrays: (name) => names.push(name) < 0, where: file });
  return names.includes("mu") && names.includes("sigma");
}

/** What a statistics file holds. `count` stands in for a missing n. Throws LatentError as Moments.fromNpz does, with the file's name. */
export function readStatistics(file: string, bytes: Uint8Array, count: number | undefined): Statistics {
  const small = parseNpz(bytes, {
    arrays: (name) => ["n", "features", "position", "list"].includes(name),
    maxBytes: 2 ** 20,
    where: file,
  });
  check(small.has("n") || count !== undefined, "format", file, () => {
    return "the file has no n. Say how many samples it stands for: --count N.";
  });
  const name = small.get("features");
  const isName = name === undefined || (name.values instanceof Uint8Array && name.values.length <= MOST);
  check(
    isName,
    "format",
    file,
    () => `features is no name. Expected at most ${MOST} bytes; got ${quote(String(name!.values).slice(0, 40))}.`,
  );
  const one = (key: string): number | undefined => small.get(key)?.values[0];
  const moments = Moments.fromNpz(bytes, count === undefined ? {} : { count });
  const [position, list] = [one("position"), one("list")];
  return {
    moments,
    classes: classesOf(file, bytes, moments.count),
    features: name ? new TextDecoder().decode(name.values as Uint8Array) : "",
    ...(position === undefined ? {} : { position }),
    ...(list === undefined ? {} : { list }),
  };
}

/** Widest rows of class probabilities: a file may say no more before it is unpacked. */
const MOST_CLASSES = 2 ** 14;

/** Moments of class rows, where the file has them. */
function classesOf(file: string, bytes: Uint8Array, count: number): Moments | undefined {
  const read = (wanted: string, maxBytes: number) =>
    parseNpz(bytes, { arrays: (name) => name === wanted, maxBytes, where: file }).get(wanted);
  const mean = read("class_mu", 8 * MOST_CLASSES + 2 ** 17);
  if (!mean) return undefined;
  const d = mean.values.length;
  const covariance = read("class_sigma", 8 * d * d + 2 ** 17);
  check(covariance !== undefined, "format", file, () => "class_sigma is missing. Expected it beside class_mu.");
  return Moments.from({ mean: mean.values as Float64Array, covariance: covariance.values as Float64Array, count });
}

/** Throws LatentError("argument") where two files name other features. */
export function checkSameFeatures(where: string, first: string, second: string, file: string): void {
  check(first === "" || second === "" || first === second, "argument", where, () => {
    return `features differ. Expected ${quote(first)} in all files; got ${quote(second)} in ${file}.`;
  });
}
