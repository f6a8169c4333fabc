/**
 * Makes a tablist work: click, arrow keys, Home and End; the address keeps the tab after "#", and what the tab itself
 * adds behind "?". `shown` hears which panel is seen and its address, at the start too.
 */
export function tabs(list: HTMLElement, shown: (panel: string, hash: string) => void): void {
  const buttons = [...list.querySelectorAll<HTMLButtonElement>("[role=tab]")];
  const panelOf = (button: HTMLButtonElement): string => button.getAttribute("aria-controls") ?? "";
  const panelIn = (hash: string): string => hash.slice(1).split("?", 1)[0]!;
  /** The address that each panel had when it was left. */
  const addresses = new Map<string, string>();
  const select = (chosen: HTMLButtonElement, focus: boolean, asked = true): void => {
    for (const button of buttons) {
      const isChosen = button === chosen;
      button.setAttribute("aria-selected", String(isChosen));
      button.tabIndex = isChosen ? 0 : -1;
      document.getElementById(panelOf(button))!.hidden = !isChosen;
    }
    if (focus) chosen.focus();
    const panel = panelOf(chosen);
    // an address that changes before the page has loaded would move the focus to the panel
    if (asked && panelIn(location.hash) !== panel) {
      addresses.set(panelIn(location.hash), location.hash);
      history.replaceState(null, "", addresses.get(panel) ?? `#${panel}`);
    }
    shown(panel, location.hash);
  };
  for (const [index, button] of buttons.entries()) {
    button.addEventListener("click", () => select(button, false));
    button.addEventListener("keydown", (event) => {
      const last = buttons.length - 1;
      const to = {
        ArrowRight: index === last ? 0 : index + 1,
        ArrowLeft: index === 0 ? last : index - 1,
        Home: 0,
        End: last,
      }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      select(buttons[to]!, true);
    });
  }
  const linked = buttons.find((button) => panelOf(button) === panelIn(location.hash));
  select(linked ?? buttons[0]!, false, false);
}
