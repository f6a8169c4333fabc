/** Elements as plain data: written as escaped HTML for the report, or made as DOM nodes for the page. */

export interface Markup {
  tag: string;
  attributes: { readonly [name: string]: string | number };
  children: readonly (Markup | string)[];
}

export type Child = Markup | string | null | readonly Child[];

const flat = (children: readonly Child[]): (Markup | string)[] =>
  children.flatMap((child) =>
    child === null ? [] : Array.isArray(child) ? flat(child as Child[]) : [child as Markup | string],
  );

/** An element. Text children are text: they are escaped or set as textContent, never parsed. */
export function h(tag: string, attributes: Markup["attributes"] = {}, ...children: readonly Child[]): Markup {
  return { tag, attributes, children: flat(children) };
}

const empty = new Set(["meta", "img", "br", "link", "input"]);
const entities: { readonly [character: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text that means itself inside HTML elements and quoted attributes. */
export const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character]!);

/** The element as HTML text. A style element holds CSS, which is code of this package and is written as it is. */
export function html({ tag, attributes, children }: Markup): string {
  const pairs = Object.entries(attributes).map(([name, value]) => ` ${name}="${escape(String(value))}"`);
  const open = `<${tag}${pairs.join("")}>`;
  if (empty.has(tag)) return open;
  const inner = children.map((child) =>
    typeof child !== "string" ? html(child) : tag === "style" ? child : escape(child),
  );
  return `${open}${inner.join("")}</${tag}>`;
}

/** Elements below which others are not HTML. */
const spaces: { readonly [tag: string]: string } = {
  svg: "http://www.w3.org/2000/svg",
  math: "http://www.w3.org/1998/Math/MathML",
};

/** The element as a DOM node. */
export function element(markup: Markup, within?: string): Element {
  const space = spaces[markup.tag] ?? within;
  const node = space ? document.createElementNS(space, markup.tag) : document.createElement(markup.tag);
  for (const [name, value] of Object.entries(markup.attributes)) node.setAttribute(name, String(value));
  for (const child of markup.children) node.append(typeof child === "string" ? child : element(child, space));
  return node;
}
