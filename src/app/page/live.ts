import { type Engine, sharedEngine, type Use } from "./engine.ts";

interface Live {
  /** Where a person reads how it stands. */
  readonly status: HTMLElement;
  /** Opens the GPU again after it was lost, or after something failed; hidden until then. */
  readonly again: HTMLElement;
  /** Does something with each model as soon as it is loaded. */
  readonly use?: Use;
  /** Makes the panel live. Returns what to say then. What fails later goes to `failed`. */
  readonly work: (engine: Engine, failed: (error: unknown) => void) => Promise<string>;
  /** Hears that an engine is there, or that it is gone. */
  readonly changed?: (engine: Engine | undefined) => void;
}

/**
 * Gives a panel the page's engine at once, and another one when asked after it was lost. Returns a function that does
 * something more with the engine there is; a failure is told.
 */
export function live({ status, again, use, work, changed }: Live): (act: (engine: Engine) => Promise<unknown>) => void {
  let engine: Engine | undefined;
  /** How often it was opened: only the newest opening is heard. */
  let openings = 0;
  const set = (next: Engine | undefined): void => {
    engine = next;
    changed?.(next);
  };
  const tell = (error: unknown): void => {
    status.textContent = error instanceof Error ? error.message : String(error);
  };
  // work that was under way when the device was lost fails as well: that has been said
  const failedOf = (from: Engine) => (error: unknown) => {
    if (engine === from) tell(error);
  };
  async function open(): Promise<void> {
    again.hidden = true;
    const own = ++openings;
    set(undefined);
    status.textContent = "Opening the GPU …";
    try {
      const opened = await sharedEngine(use);
      if (own !== openings) return;
      set(opened);
      void opened.gpu.lost.then(({ message }) => {
        if (engine !== opened) return;
        set(undefined);
        status.textContent = `The GPU device was lost: ${message.replace(/\.$/, "") || "the browser does not say why"}. Nothing of yours is gone: open it again.`;
        again.hidden = false;
      });
      status.textContent = "Making the pictures live …";
      const text = await work(opened, failedOf(opened));
      if (engine === opened) status.textContent = text;
    } catch (error) {
      // what an earlier opening says late is over, and a lost device has been told
      if (own !== openings) return;
      if (again.hidden) tell(error);
      again.hidden = false;
    }
  }
  again.addEventListener("click", () => void open());
  void open();
  return (act) => {
    if (engine) act(engine).catch(failedOf(engine));
  };
}
