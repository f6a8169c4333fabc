import { check } from "../device/errors.ts";
import type { Kernel } from "./launch.ts";
import { library, loadFunctions } from "./library.ts";
import { lib_extras } from "./shaders/lib_extras.gen.ts";

/** A user's kernel as the planner takes it. */
export interface OwnKernel {
  readonly kernel: Kernel;
  /** Its storage bindings in order: inputs, then outputs. */
  readonly names: readonly string[];
  /** Known once the library is loaded. */
  readonly takesEpilogue: boolean;
}

/** Loads all that hooks are made of: a user's kernel may use the same names. */
export const loadLibrary = (): Promise<void> => loadFunctions(["random_normal", "pow_"]);
const declared = (code: string) =>
  [...code.matchAll(/\b(?:fn|struct|const|alias|override|var(?:<[^>]*>)?)\s*(\w+)/g)].map((m) => m[1]!);

const HOOK = /\/\/#hook[ \t]*\n\s*fn\s+epilogue\s*\(\s*i\s*:\s*u32\s*,\s*value\s*:\s*f32\s*,?\s*\)\s*->\s*f32\s*(?=\{)/;

/**
 * The kernel in `wgsl`, by a convention strict enough for a few patterns to read it: bindings in group 0, inputs, outputs, then
 * `params: Params` with members f32, i32 and u32. Its lines keep their numbers. Throws LatentError("argument") by line.
 */
export function ownKernel(name: string, own: number, wgsl: string, inputs: number, outputs: number): OwnKernel {
  const fail = (at: number, message: string) =>
    check(false, "argument", name, () => `wgsl line ${wgsl.slice(0, at).split("\n").length}: ${message}`);
  // comments as blanks, so that places stay; but the mark of a hook
  const bare = wgsl.replace(/\/\*[^]*?\*\/|\/\/(?!#hook)[^\n]*/g, (text) => text.replace(/[^\n]/g, " "));
  const names: string[] = [];
  const buffers: { [name: string]: { binding: number; access: string } } = {};
  const params: { [name: string]: { offset: number; type: string } } = {};
  const declaration =
    /((?:@\w+\s*\([^)]*\)\s*)+)var\s*<\s*(uniform|storage)\s*(?:,\s*(\w+)\s*)?>\s*(\w+)\s*:\s*([^;]+);/g;
  const code = bare.replace(
    declaration,
    (text, attributes: string, space, access = "read", variable: string, type: string, at: number) => {
      const number = (attribute: string) =>
        Number(new RegExp(`@${attribute}\\s*\\(\\s*(\\d+)u?\\s*\\)`).exec(attributes)?.[1] ?? Number.NaN);
      const binding = number("binding");
      const expected = (what: string) => fail(at, `expected ${what}; got ${text.replace(/\s+/g, " ")}`);
      if (number("group") !== 0) expected("@group(0)");
      const lines = (text.match(/\n/g) ?? []).join("");
      if (space === "uniform") {
        if (binding !== inputs + outputs || variable !== "params" || type.trim() !== "Params")
          expected(`@group(0) @binding(${inputs + outputs}) var<uniform> params: Params`);
        return `@group(0)@binding(0)var<uniform>params:Params;${lines}`;
      }
      const wanted = binding < inputs ? "read" : "read_write";
      if (!(binding < inputs + outputs) || access !== wanted)
        expected(
          binding < inputs + outputs
            ? `var<storage, ${wanted}>`
            : `bindings below ${inputs + outputs}, the inputs and then the outputs`,
        );
      names[binding] = variable;
      buffers[variable] = { binding: binding + 1, access };
      return `@group(0)@binding(${binding + 1})var<storage,${access}>${variable}:${type};${lines}`;
    },
  );
  const missing = Array.from({ length: inputs + outputs }, (_, i) => i).find((i) => names[i] === undefined);
  if (missing !== undefined)
    fail(0, `expected @group(0) @binding(${missing}) for ${missing < inputs ? "an input" : "an output"}; found none.`);
  if (!/@compute[^{]*fn\s+main\s*\(/.test(bare)) fail(0, "expected a @compute entry point main; found none.");
  const usesParams = /var<uniform>params:Params/.test(code);
  const struct = usesParams ? /struct\s+Params\s*\{([^}]*)\}/.exec(bare) : null;
  if (usesParams && !struct) fail(0, "expected a struct Params; found none.");
  for (const [n, member] of (struct?.[1] ?? "")
    .split(",")
    .filter((text) => text.trim())
    .entries()) {
    const [, field, type] = /^\s*(\w+)\s*:\s*(f32|i32|u32)\s*$/.exec(member) ?? [];
    if (!field) fail(struct!.index, `expected members of Params that are f32, i32 or u32; got ${member.trim()}.`);
    params[field!] = { offset: 4 * n, type: type! };
  }
  const taken = new Set(declared(bare).filter((word) => word !== "epilogue"));
  const isHooked = HOOK.test(code);
  const fuses = () => isHooked && ![...declared(lib_extras), ...library().keys()].some((word) => taken.has(word));
  const marked = code.replace(HOOK, "//#hook\nfn epilogue(i:u32,value:f32)->f32");
  return {
    names,
    get takesEpilogue() {
      return fuses();
    },
    kernel: {
      name,
      own,
      entry: "main",
      get code() {
        return fuses() ? `${marked}\n${lib_extras}` : code;
      },
      workgroup: [],
      buffers,
      params,
      paramsBytes: 16 * Math.ceil(Object.keys(params).length / 4),
      get hooks(): Kernel["hooks"] {
        return fuses() ? { epilogue: "(i:u32,value:f32)->f32" } : {};
      },
      constants: {},
    },
  };
}
