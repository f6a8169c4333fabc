import { element, h } from "../../report/markup.ts";
import { onDrop } from "../drop.ts";
import { droppedSet, type GivenSet, pickedSet, wordsOfSet } from "./given.ts";

/** A place where a set is dropped or picked. */
export interface DropZone {
  readonly node: HTMLElement;
  /** What it holds. */
  set(): GivenSet | undefined;
}

/** A place for the set `name`; `changed` hears when another one is there. */
export function dropZone(name: string, title: string, changed: () => void): DropZone {
  const id = `score-${name}`;
  const node = element(
    h(
      "div",
      { class: "drop", role: "group", "aria-labelledby": `${id}-title` },
      h("h2", { id: `${id}-title` }, title),
      h("p", { class: "note" }, "Drop a folder, images, or one npz, npy, IDX or statistics file here."),
      h(
        "p",
        { class: "controls" },
        h("button", { type: "button", class: "pick-folder" }, "Choose a folder"),
        h("button", { type: "button", class: "pick-files" }, "Choose files"),
        h("input", {
          type: "file",
          id: `${id}-folder`,
          webkitdirectory: "",
          "aria-label": `${title}: a folder`,
          hidden: "",
        }),
        h("input", { type: "file", id: `${id}-files`, multiple: "", "aria-label": `${title}: files`, hidden: "" }),
      ),
      h("p", { class: "given", role: "status" }, "Nothing yet."),
    ),
  ) as HTMLElement;
  const said = node.querySelector(".given")!;
  let current: GivenSet | undefined;
  /** Counts what was given: a folder that is still walked when something else comes is too late. */
  let given = 0;
  const take = (set: GivenSet): void => {
    given++;
    current = set.files.size > 0 ? set : undefined;
    node.classList.toggle("full", current !== undefined);
    said.textContent = current ? wordsOfSet(current) : "No files there.";
    changed();
  };
  for (const kind of ["folder", "files"]) {
    const input = node.querySelector<HTMLInputElement>(`#${id}-${kind}`)!;
    node.querySelector(`.pick-${kind}`)!.addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      if (input.files?.length) take(pickedSet([...input.files]));
      // the same files may be picked again
      input.value = "";
    });
  }
  onDrop(node, node, (data) => {
    const own = ++given;
    const ifNewest =
      <T>(act: (value: T) => void) =>
      (value: T): void => {
        if (own === given) act(value);
      };
    droppedSet(
      data,
      ifNewest((files: number) => (said.textContent = `Reading the folder: ${files} files …`)),
    ).then(
      ifNewest(take),
      ifNewest((error: unknown) => (said.textContent = `The folder cannot be read. ${String(error)}`)),
    );
  });
  return { node, set: () => current };
}
