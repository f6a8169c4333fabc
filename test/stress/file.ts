interface Process {
  getBuiltinModule(name: string): { readFileSync(path: string): Uint8Array };
}

/** A file of the repository by its path: read in Node, asked of the runner's server in a page. */
export async function file(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const { process } = globalThis as { process?: Process };
  if (process) return new Uint8Array(process.getBuiltinModule("node:fs").readFileSync(path));
  const response = await fetch(`/${path}`);
  if (!response.ok) throw new Error(`stress: ${path} is not served (${response.status}).`);
  return new Uint8Array(await response.arrayBuffer());
}
