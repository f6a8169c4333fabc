import { live } from "../live.ts";
import { bytesOf, sheetPixels } from "../modelFiles.ts";
import { panelAddress } from "../panelAddress.ts";
import { addStyle } from "../sheet.ts";
import { addressOf, parseAddress } from "./address.ts";
import { dialSection } from "./dial.ts";
import { gaussianSection } from "./gaussian.ts";
import { mixtureSection } from "./mixture.ts";
import { pointSection } from "./point.ts";
import { scoresSection } from "./scores.ts";
import { part, type Store } from "./section.ts";
import { understandStyle } from "./style.ts";

/** Fills the panel that explains the models, as `hash` says; what needs no GPU works at once. */
export async function understand(panel: HTMLElement, hash: string): Promise<void> {
  addStyle(understandStyle);
  const status = part("span", { id: "understand-status", role: "status" }, "Loading digits …");
  const again = part("button", { type: "button", hidden: "" }, "Open again");
  const line = part("p", { class: "status" });
  line.append(status, again);
  panel.append(line);
  const digits = await sheetPixels(await bytesOf("digits.png"));
  let settings = parseAddress(hash);
  const address = panelAddress(panel, () => addressOf(settings));
  const store: Store = {
    get now() {
      return settings;
    },
    set(change) {
      settings = { ...settings, ...change };
      address.writeSoon();
    },
  };
  const sections = [
    pointSection(digits, store),
    gaussianSection(digits, store),
    mixtureSection(store),
    dialSection(digits, store),
    scoresSection(store),
  ];
  panel.append(...sections.map(({ node }) => node));
  live({
    status,
    again,
    work: async (engine, failed) => {
      // side by side; a fault of one leaves the others
      const ends = await Promise.allSettled(sections.map(async ({ attach }) => attach?.(engine, failed)));
      for (const end of ends) if (end.status === "rejected") throw end.reason;
      return "Every picture can be moved: drag its handles, or focus one and use the arrow keys, with Shift ten times as far.";
    },
  });
}
