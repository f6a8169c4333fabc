/** Elements of a list that are shown; longer ones show their first six and their last six. */
const MOST = 12;

const shownNumber = (value: number): string => String(Number.isInteger(value) ? value : Number(value.toPrecision(5)));

/** A value as a console would show it, numbers to five digits. */
export function shownValue(value: unknown): string {
  if (typeof value === "number") return shownNumber(value);
  if (typeof value === "string") return value;
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) {
    const all = value as readonly unknown[];
    const shown = (from: number, to?: number): string[] => Array.from(all.slice(from, to), shownValue);
    if (all.length <= MOST) return `[${shown(0).join(", ")}]`;
    return `[${[...shown(0, MOST / 2), "…", ...shown(-MOST / 2)].join(", ")}] (${all.length})`;
  }
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return `{ ${Object.entries(value)
      .map(([name, of]) => `${name}: ${shownValue(of)}`)
      .join(", ")} }`;
  return String(value);
}
