/** A link that saves `content` as a file; its object URL lives as long as the page. */
export function downloadLink(name: string, type: string, content: string | Uint8Array<ArrayBuffer>): HTMLAnchorElement {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.textContent = name;
  return link;
}

/** The element with this id; the page has it. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}
