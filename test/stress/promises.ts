import ts from "typescript";

/** The public functions and methods that return promises (`VAE.fit`, `linalg.eigh`), as the types of these modules say. */
export function promises(modules: readonly string[]): Set<string> {
  const { config } = ts.readConfigFile("tsconfig.json", ts.sys.readFile) as { config: object };
  const program = ts.createProgram(modules, ts.parseJsonConfigFileContent(config, ts.sys, ".").options);
  const checker = program.getTypeChecker();
  const found = new Set<string>();

  const target = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const isOurs = (symbol: ts.Symbol): boolean => {
    const isInternal = symbol.getJsDocTags(checker).some(({ name }) => name === "internal");
    const path = symbol.valueDeclaration?.getSourceFile().fileName;
    return !isInternal && !symbol.name.includes("#") && path?.includes("/node_modules/") === false;
  };
  const resolves = (type: ts.Type): boolean =>
    type.getCallSignatures().some((signature) => {
      const result = signature.getReturnType();
      return (result.isUnion() ? result.types : [result]).some((part) => part.symbol?.name === "Promise");
    });
  const add = (name: string, symbol: ts.Symbol): void => {
    if (isOurs(symbol) && resolves(checker.getTypeOfSymbol(symbol))) found.add(name);
  };

  for (const path of modules)
    for (const exported of checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(path)!)!)) {
      const symbol = target(exported);
      const { flags } = symbol;
      if (flags & ts.SymbolFlags.ValueModule)
        for (const member of checker.getExportsOfModule(symbol)) add(`${exported.name}.${member.name}`, target(member));
      if (!(flags & ts.SymbolFlags.Value)) continue;
      add(exported.name, symbol);
      const both = [checker.getTypeOfSymbol(symbol)];
      if (flags & ts.SymbolFlags.Class) both.push(checker.getDeclaredTypeOfSymbol(symbol));
      for (const type of both)
        for (const member of type.getProperties()) {
          const modifiers = member.valueDeclaration ? ts.getCombinedModifierFlags(member.valueDeclaration) : 0;
          if (!(modifiers & ts.ModifierFlags.Private)) add(`${exported.name}.${member.name}`, member);
        }
    }
  return found;
}
