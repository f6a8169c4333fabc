const HIDDEN = "the tab was hidden during the run: throttled, do not compare";

/** Notes in `flags` when the tab gets hidden: then it is throttled. Returns what ends that. */
export function watchHidden(flags: string[]): () => void {
  if (typeof document === "undefined") return () => {};
  const look = () => document.hidden && !flags.includes(HIDDEN) && flags.push(HIDDEN);
  look();
  document.addEventListener("visibilitychange", look);
  return () => document.removeEventListener("visibilitychange", look);
}
