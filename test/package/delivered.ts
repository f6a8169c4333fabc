import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildPackage } from "../../src/app/package.mjs";

const root = process.cwd();

/** Runs a program to its end and returns what it printed; throws with all of it where it fails. */
export function output(
  program: string,
  parameters: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): string {
  try {
    return execFileSync(program, parameters, {
      cwd,
      env: { ...process.env, NO_COLOR: "1", ...env },
      encoding: "utf8",
      stdio: "pipe",
    });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${parameters.join(" ")}\n${stdout ?? ""}${stderr ?? ""}`, { cause: error });
  }
}

/** A folder with the package as npm installs it from the packed file, without a network, and nothing else. */
export async function installed(place: string): Promise<string> {
  const staged = join(place, "latentgpu");
  mkdirSync(staged, { recursive: true });
  for (const name of ["package.json", "README.md", "LICENSE", "shaders"])
    cpSync(join(root, name), join(staged, name), { recursive: true });
  await buildPackage(join(staged, "dist"));
  const [{ filename }] = JSON.parse(
    output("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", place], staged),
  ) as [{ filename: string }];
  const project = join(place, "project");
  mkdirSync(project);
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ name: "app", version: "1.0.0", type: "module", private: true }),
  );
  output(
    "npm",
    ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", join(place, filename)],
    project,
  );
  return project;
}

/** Puts a package of this checkout into a project, as if it were installed there. */
export function link(project: string, name: string): void {
  const path = join(project, "node_modules", name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(join(root, "node_modules", name), path);
}

/** The TypeScript blocks of the README. */
export const readmeBlocks = (): string[] =>
  [...readFileSync(join(root, "README.md"), "utf8").matchAll(/```ts\n([^]*?)```/g)].map(([, code]) => code!);
