import { element, h } from "../../report/markup.ts";

/** A choice of a list: what is said, and what is read. */
export type Choice = readonly [value: string, words: string];

/** A labelled field whose refusal stands beside it. */
export interface Field {
  readonly name: string;
  readonly node: HTMLElement;
  readonly input: HTMLInputElement | HTMLSelectElement;
  /** Says in words what is wrong; nothing is, without them. */
  refuse(words?: string): void;
}

/** A field to type in, or with `choices` to choose from. `words` is its label. */
export function field(name: string, words: string, choices?: readonly Choice[]): Field {
  const id = `train-${name}`;
  const attributes = { id, name, "aria-describedby": `${id}-refusal`, autocomplete: "off" };
  const input = choices
    ? h(
        "select",
        attributes,
        choices.map(([value, text]) => h("option", { value }, text)),
      )
    : h("input", { ...attributes, type: "text", inputmode: "decimal", spellcheck: "false" });
  const refusal = h("small", { id: `${id}-refusal`, class: "refusal", role: "alert" });
  const node = element(h("div", { class: "field" }, h("label", { for: id }, words), input, refusal)) as HTMLElement;
  const found = node.querySelector<HTMLInputElement | HTMLSelectElement>("input, select")!;
  const told = node.querySelector<HTMLElement>(".refusal")!;
  return {
    name,
    node,
    input: found,
    refuse(said = "") {
      // an alert that is written again is read again
      if (told.textContent !== said) told.textContent = said;
      if (said) found.setAttribute("aria-invalid", "true");
      else found.removeAttribute("aria-invalid");
    },
  };
}
