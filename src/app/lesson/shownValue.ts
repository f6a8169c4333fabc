/** Elements of a list that are shown; of longer ones the first half and the last. */
const MOST = 12;

const shownNumber = (value: number): string => String(Number.isInteger(value) ? value : Number(value.toPrecision(5)));

/** A value as a console would show it, numbers to five digits. */
export function shownValue(value: unknown): string {
  if (typeof value === "number") return shownNumber(value);
  if (typeof value === "string") return value;
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) {
    const all = Array.from(value as ArrayLike<unknown>, shownValue);
    const texts = all.length > MOST ? [...all.slice(0, MOST / 2), "…", ...all.slice(-MOST / 2)] : all;
    return `[${texts.join(", ")}]${all.length > MOST ? ` (${all.length})` : ""}`;
  }
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return `{ ${Object.entries(value)
      .map(([name, of]) => `${name}: ${shownValue(of)}`)
      .join(", ")} }`;
  return String(value);
}
