import { type Engine, sharedEngine } from "../engine.ts";
import { bytesOf, sheetPixels } from "../modelFiles.ts";
import { panelAddress } from "../panelAddress.ts";
import { addStyle } from "../sheet.ts";
import { addressOf, parseAddress } from "./address.ts";
import { dialSection } from "./dial.ts";
import { gaussianSection } from "./gaussian.ts";
import { mixtureSection } from "./mixture.ts";
import { pointSection } from "./point.ts";
import { scoresSection } from "./scores.ts";
import { part, type Section, type Store } from "./section.ts";
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
  live(sections, status, again);
}

/** Gives the sections the page's engine, and another one when asked after it was lost. */
function live(sections: readonly Section[], status: HTMLElement, again: HTMLElement): void {
  let engine: Engine | undefined;
  const tell = (error: unknown): void => {
    status.textContent = error instanceof Error ? error.message : String(error);
  };
  async function open(): Promise<void> {
    again.hidden = true;
    status.textContent = "Opening the GPU …";
    try {
      const opened = await sharedEngine();
      engine = opened;
      void opened.gpu.lost.then(({ message }) => {
        if (engine !== opened) return;
        engine = undefined;
        status.textContent = `The GPU device was lost: ${message.replace(/\.$/, "") || "the browser does not say why"}. Nothing of yours is gone: open it again.`;
        again.hidden = false;
      });
      // work that was under way when the device was lost fails as well: that has been said
      const failed = (error: unknown): void => {
        if (engine === opened) tell(error);
      };
      status.textContent = "Making the pictures live …";
      // side by side; a fault of one leaves the others
      const ends = await Promise.allSettled(sections.map(async ({ attach }) => attach?.(opened, failed)));
      if (engine !== opened) return;
      for (const end of ends) if (end.status === "rejected") throw end.reason;
      status.textContent =
        "Every picture can be moved: drag its handles, or focus one and use the arrow keys, with Shift ten times as far.";
    } catch (error) {
      if (again.hidden) tell(error);
      again.hidden = false;
    }
  }
  again.addEventListener("click", () => void open());
  void open();
}
