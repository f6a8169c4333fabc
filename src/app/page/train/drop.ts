/** Files that are dropped anywhere on `panel`; `place` shows that they may be. */
export function onDrop(panel: HTMLElement, place: HTMLElement, take: (files: File[]) => void): void {
  panel.addEventListener("dragover", (event) => {
    event.preventDefault();
    place.classList.add("over");
  });
  panel.addEventListener("dragleave", () => place.classList.remove("over"));
  panel.addEventListener("drop", (event) => {
    event.preventDefault();
    place.classList.remove("over");
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length > 0) take(files);
  });
}
