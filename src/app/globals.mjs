// globals — types of browsers and of @webgpu/types in the declarations that npm delivers: the user's own, where there are any.

/** Global types that have no value of their name, as whoever lacks them should see them. */
const WRITTEN = {
  GPUFeatureName: "string",
  GPUPowerPreference: '"low-power" | "high-performance"',
};

/** Global types that not every program has, those of browsers and of @webgpu/types: name → whether there is a value of that name. */
export function foreignTypes(ts, program) {
  const found = new Map();
  const standard = new Set();
  for (const file of program.getSourceFiles()) {
    if (ts.isExternalModule(file)) continue;
    const isStandard = /\/lib\.es[^/]*\.d\.ts$/.test(file.fileName);
    ts.forEachChild(file, (node) => {
      const isValue = ts.isVariableStatement(node);
      const declared = isValue
        ? node.declarationList.declarations.map((d) => d.name.getText(file))
        : [node.name?.text ?? ""];
      for (const name of declared)
        if (isStandard) standard.add(name);
        else found.set(name, found.get(name) || isValue);
    });
  }
  for (const name of standard) found.delete(name);
  return found;
}

/** Each type as the user's program has it, from a library or from @webgpu/types, and else any object: neither is needed. */
export function globalsText(names, foreign) {
  const lines = names.map((name) => {
    if (name in WRITTEN) return `export type ${name} = ${WRITTEN[name]};`;
    if (!foreign.get(name)) throw new Error(`build: ${name} has no value. Say in globals.mjs what stands for it.`);
    return `export type ${name} = Global<"${name}">;`;
  });
  return `/** A type that the environment may bring. */
type Global<Name extends string> = typeof globalThis extends { readonly [name in Name]: { prototype: infer Type } } ? Type : object;
${lines.join("\n")}
export {};
`;
}
