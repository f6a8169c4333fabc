import { type Child, element, h } from "../../report/markup.ts";
import type { Engine } from "../engine.ts";
import type { Settings } from "./address.ts";
import type { Chapter } from "./story.ts";

/** A chapter on the page. */
export interface Section {
  readonly node: HTMLElement;
  /** What needs the GPU computes on this engine from now on; `failed` hears of later errors. */
  attach?(engine: Engine, failed: (error: unknown) => void): Promise<void>;
}

/** Where the pictures stand; a change goes into the address. */
export interface Store {
  readonly now: Settings;
  set(change: Partial<Settings>): void;
}

/** A chapter's text, and the place beside it for its pictures. */
export function sectionOf({ name, title, paragraph, formula, correction }: Chapter) {
  const node = element(
    h(
      "section",
      { class: "chapter", id: `understand-${name}`, "aria-labelledby": `understand-${name}-title` },
      h("h2", { id: `understand-${name}-title` }, title),
      h(
        "div",
        { class: "text" },
        h("p", {}, paragraph),
        h("div", { class: "formula" }, formula),
        h("p", { class: "note" }, h("b", {}, "Correction. "), correction),
      ),
      h("div", { class: "stage" }),
    ),
  ) as HTMLElement;
  const at = (name: string) => node.querySelector<HTMLElement>(name)!;
  return { node, text: at(".text"), stage: at(".stage") };
}

/** An element as HTML. */
export const part = (tag: string, attributes: { readonly [name: string]: string | number }, ...children: Child[]) =>
  element(h(tag, attributes, ...children)) as HTMLElement;

/** A number beside its value in full, by name: scripts and tests read that. */
export const datum = (name: string, value: number, text: string) => h("data", { class: name, value }, text);

/** Replaces what an element says. */
export const tell = (node: HTMLElement, ...children: Child[]): void =>
  node.replaceChildren(...element(h("span", {}, ...children)).childNodes);
