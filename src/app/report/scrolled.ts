import { type Child, h, type Markup } from "./markup.ts";

/** A table that may be wider than the page: it scrolls in a region of its own, also by keyboard. */
export const scrolled = (label: string, table: Markup): Markup =>
  h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, table);

/** Names and what is said of each. */
export const factList = (facts: readonly (readonly [name: string, value: Child])[]): Markup =>
  h(
    "dl",
    { class: "facts" },
    facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );
