// What the address keeps of the tab, after "#measure?".

import { type Group, isGroup } from "./groups.ts";
import type { Unit } from "./rows.ts";

export interface Choices {
  readonly unit: Unit;
  readonly group: Group;
}

/** Reads what addressOf wrote; what is no choice is left out. */
export function parseAddress(hash: string): Choices {
  const asked = new URLSearchParams(hash.split("?")[1] ?? "");
  const group = asked.get("cases");
  return { unit: asked.get("unit") === "gflops" ? "gflops" : "ms", group: isGroup(group) ? group : "some" };
}

/** "#measure?unit=gflops&cases=products": what differs from the first choices. */
export function addressOf({ unit, group }: Choices): string {
  const pairs = [...(unit === "ms" ? [] : [`unit=${unit}`]), ...(group === "some" ? [] : [`cases=${group}`])];
  return `#measure${pairs.length > 0 ? "?" : ""}${pairs.join("&")}`;
}
