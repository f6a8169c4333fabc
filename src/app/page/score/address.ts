/** What a person chose, by the option's name on the command line; "" for one without a value. */
export type Choices = ReadonlyMap<string, string>;

/** What an address may keep: everything that is no file. */
const NAMES = [
  "measures",
  "features",
  "seed",
  "channels",
  "resize",
  "on-error",
  "layout",
  "array",
  "count",
  "recursive",
];

/** "#score?measures=fid,kid&seed=0": the choices, but for files. */
export function addressOf(choices: Choices): string {
  const chosen = NAMES.filter((name) => choices.has(name));
  // commas stay as they are: the address is read by people
  const pairs = chosen.map((name) => `${name}=${encodeURIComponent(choices.get(name)!).replaceAll("%2C", ",")}`);
  return `#score${pairs.length ? "?" : ""}${pairs.join("&")}`;
}

/** Reads what addressOf wrote; what is no choice is left out. Values are checked where they are used. */
export function parseAddress(hash: string): Choices {
  const asked = new URLSearchParams(hash.split("?")[1] ?? "");
  return new Map(
    [...asked].filter(([name]) => NAMES.includes(name)).map(([name, value]) => [name, value.slice(0, 200)]),
  );
}

/** Words of the command line: the sets' paths, then the options. */
export function wordsOfChoices(generated: string, real: string | undefined, choices: Choices): string[] {
  const options = [...choices].flatMap(([name, value]) => (value === "" ? [`--${name}`] : [`--${name}`, value]));
  return [generated, ...(real === undefined ? [] : ["--real", real]), ...options];
}
