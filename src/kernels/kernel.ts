import type { Kernel } from "./launch.ts";

/** A kernel whose constants are known by name. */
type Named<Constant extends string> = Kernel & { readonly constants: { readonly [name in Constant]: number } };

/**
 * The entry point `name` ("file.entry") of `code`. What the text itself says (bindings, the layout of parameters, hooks,
 * constants) is read from it when first asked for; `bound` names what the entry point uses of it.
 */
export function kernel<Constant extends string>(
  name: string,
  code: string,
  workgroup: readonly number[],
  bound: string,
): Named<Constant> {
  let cached: Omit<Kernel, "name" | "entry" | "code" | "workgroup" | "folds"> | undefined;
  const read = () => (cached ??= reflected(code, bound.split(" ")));
  const entry = name.slice(name.indexOf(".") + 1);
  return {
    name,
    entry,
    code,
    workgroup,
    // the generator sees to it that an entry point which asks for its workgroup counts it by group_number
    get folds() {
      return new RegExp(`fn ${entry}\\([^{]*workgroup_id`).test(code);
    },
    get buffers() {
      return read().buffers;
    },
    get params() {
      return read().params;
    },
    get paramsBytes() {
      return read().paramsBytes;
    },
    get hooks() {
      return read().hooks;
    },
    get constants() {
      return read().constants as Named<Constant>["constants"];
    },
  };
}

/** Texts that are shipped once each, put together. */
export const joined = (...texts: readonly string[]): string => texts.join("");

/** What a kernel's text declares: shaders/generate.mjs holds the rules that make these few patterns enough. */
function reflected(code: string, bound: readonly string[]) {
  const table = <T>(pattern: RegExp, entry: (found: RegExpMatchArray) => readonly [string, T]) =>
    Object.fromEntries([...code.matchAll(pattern)].map(entry));
  const buffers = table(/@binding\((\d+)\)var<storage,(\w+)>(\w+)/g, ([, binding, access, name]) => [
    name!,
    { binding: Number(binding), access: access! },
  ]);
  const [, members = ""] = (bound.includes("params") && /struct Params\{([^}]*)/.exec(code)) || [];
  const params = [...members.matchAll(/(\w+):(\w+)/g)].map(
    ([, name, type], n) => [name!, { offset: 4 * n, type: type! }] as const,
  );
  return {
    buffers: Object.fromEntries(bound.flatMap((name) => (buffers[name] ? [[name, buffers[name]] as const] : []))),
    params: Object.fromEntries(params),
    paramsBytes: 16 * Math.ceil(params.length / 4),
    hooks: table(/\/\/#hook\nfn (\w+)(\(.*?\)->\w+)/g, ([, name, signature]) => [name!, signature!]),
    constants: table(/^const ([A-Z]\w*)=(\d+)u;/gm, ([, name, value]) => [name!, Number(value)]),
  };
}
