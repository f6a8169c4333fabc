// In a lesson's page: a button that runs its program, and below each block of code what that printed.
import { addStyle } from "../page/sheet.ts";
import { shownValue } from "./shownValue.ts";

/** A lesson's program, as build.mjs makes it. */
interface Program {
  main(library: object, print: (block: number, ...values: unknown[]) => void): Promise<void>;
}

addStyle(`
.run-lesson { display: block; margin: 1rem 0; padding: .5rem 1rem; font: inherit; font-weight: 600; cursor: pointer; }
.run-lesson:disabled { cursor: progress; }
.printed { white-space: pre-wrap; margin-top: -.6rem; border-left: 4px solid #2f8f4e; }
.printed.failed { border-left-color: #c0392b; }
`);

const blocks = [...document.querySelectorAll("pre > code.ts")].map((code) => code.parentElement!);
const button = document.createElement("button");
button.type = "button";
button.className = "run-lesson";
button.textContent = "Run this lesson";
blocks[0]?.before(button);

/** What a block printed, below it. */
function outputOf(block: number): HTMLElement {
  const next = blocks[block]!.nextElementSibling;
  if (next instanceof HTMLElement && next.classList.contains("printed")) return next;
  const output = document.createElement("pre");
  output.className = "printed";
  output.setAttribute("role", "status");
  output.setAttribute("aria-label", "Printed");
  blocks[block]!.after(output);
  return output;
}

const { searchParams } = new URL(import.meta.url);
const program = new URL(`./${searchParams.get("lesson")}.js`, import.meta.url).href;

async function run(): Promise<void> {
  button.disabled = true;
  button.textContent = "Running …";
  for (const old of document.querySelectorAll(".printed")) old.remove();
  let current = 0;
  // a lesson that fails midway has not disposed its own
  const engines: Disposable[] = [];
  const show = (text: string): void => outputOf(current).append(`${text}\n`);
  try {
    const library = await import("../../index.ts");
    const openGpu: typeof library.openGpu = async (options) => {
      const gpu = await library.openGpu(options);
      engines.push(gpu);
      return gpu;
    };
    const { main } = (await import(program)) as Program;
    const print = (block: number, ...values: unknown[]): void => {
      current = block;
      if (values.length > 0) show(values.map(shownValue).join(" "));
    };
    await main({ ...library, openGpu }, print);
    button.textContent = "Run it again";
  } catch (error) {
    show(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    outputOf(current).classList.add("failed");
    button.textContent = "Try again";
  } finally {
    for (const gpu of engines) gpu[Symbol.dispose]();
    button.disabled = false;
  }
}

button.addEventListener("click", () => void run());
