/** Milliseconds after the last change before an address is written: browsers refuse many writes in short time. */
const ADDRESS_AFTER = 300;

/** Writes what a panel holds into the browser's address, while the panel is seen. */
export interface PanelAddress {
  write(): void;
  /** Soon, once for all changes until then. */
  writeSoon(): void;
}

/** `addressOf` gives "#<panel>?…". */
export function panelAddress(panel: HTMLElement, addressOf: () => string): PanelAddress {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = (): void => {
    if (!panel.hidden) history.replaceState(null, "", addressOf());
  };
  return {
    write,
    writeSoon() {
      clearTimeout(timer);
      timer = setTimeout(write, ADDRESS_AFTER);
    },
  };
}
