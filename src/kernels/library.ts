import { loaded } from "../device/loaded.ts";
import { lib_map } from "./shaders/lib_map.gen.ts";

let cached: Map<string, string> | undefined;

/** What a text declares at its top: names, and each with its text. */
const declarations = (text: string) =>
  text
    .trim()
    .split(/\n(?=(?:fn|struct|const) )/)
    .map((declaration) => [/\w+ (\w+)/.exec(declaration)![1]!, declaration] as const);

/** The functions, structs and constants of shaders/lib that kernels and hooks may call: name → text. */
export const library = (): Map<string, string> => (cached ??= new Map(declarations(lib_map)));

/** Loads the functions among `names` that few programs call: random draws apart from angles, powers, remainders and integers. */
export async function loadFunctions(names: readonly string[]): Promise<void> {
  const missing = names.filter((name) => !library().has(name));
  if (missing.length === 0) return;
  const texts = await Promise.all([
    loaded("kernels", import("./shaders/lib_philox.gen.ts")).then(({ lib_philox }) => lib_philox),
    missing.every((name) => name.startsWith("random"))
      ? ""
      : loaded("kernels", import("./shaders/lib_functions.gen.ts")).then(({ lib_functions }) => lib_functions),
  ]);
  for (const text of texts)
    if (text) for (const [name, declaration] of declarations(text)) library().set(name, declaration);
}

/** `code` with what it calls of the library, and nothing else. */
export function linked(code: string): string {
  const own = new Set(Array.from(code.matchAll(/\b(?:fn|struct|const|var<[^>]*>)\s*(\w+)/g), ([, name]) => name));
  const added = new Map<string, string>();
  const texts = [code];
  for (let text = texts.pop(); text !== undefined; text = texts.pop())
    for (const [name] of text.matchAll(/[A-Za-z_]\w*/g)) {
      const declaration = library().get(name);
      if (declaration === undefined || own.has(name) || added.has(name)) continue;
      added.set(name, declaration);
      texts.push(declaration);
    }
  return [code, ...added.values()].join("\n");
}
