/** Takes what is dropped on `place`; `marked` shows that it may be. */
export function onDrop(place: HTMLElement, marked: HTMLElement, take: (data: DataTransfer) => void): void {
  place.addEventListener("dragover", (event) => {
    event.preventDefault();
    marked.classList.add("over");
  });
  place.addEventListener("dragleave", () => marked.classList.remove("over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    marked.classList.remove("over");
    if (event.dataTransfer) take(event.dataTransfer);
  });
}

/** A file that misses its place does not take the page's. */
export function ignoreMissedDrops(): void {
  for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
}
