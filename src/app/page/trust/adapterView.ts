import type { DeviceInfo } from "../../../index.ts";
import { element, h } from "../../report/markup.ts";
import { factList } from "../../report/scrolled.ts";

/** What the adapter says of itself, plainly: whether it is a GPU at all, its features and its limits. */
export function adapterView({
  vendor,
  architecture,
  family,
  description,
  software,
  features,
  limits,
}: DeviceInfo): Element {
  const named = (text: string): string => text || "not told by the browser";
  const facts = [
    [
      "kind",
      software ? "software: the CPU plays the GPU. Right results, but no times worth comparing." : "a hardware GPU",
    ],
    ["vendor", named(vendor)],
    ["architecture", named(architecture)],
    ["family", family],
    ["description", named(description)],
    ["features", features.join(", ") || "none"],
  ] as const;
  return element(
    h(
      "div",
      {},
      h("h2", {}, "The adapter"),
      factList(facts),
      h(
        "details",
        {},
        h("summary", {}, `Its ${Object.keys(limits).length} limits`),
        h(
          "ul",
          { class: "limits" },
          Object.entries(limits)
            .sort(([a], [b]) => a.localeCompare(b))
            .map(([name, value]) => h("li", {}, h("span", {}, name), h("span", {}, value.toLocaleString("en")))),
        ),
      ),
    ),
  );
}
