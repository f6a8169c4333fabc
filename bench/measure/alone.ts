/** Does `work` while no button that starts a measurement (`data-measures`) can be pressed: two at once would time each other. */
export async function alone<T>(work: () => Promise<T>): Promise<T> {
  const buttons = [...document.querySelectorAll<HTMLButtonElement>("button[data-measures]")];
  for (const button of buttons) button.disabled = true;
  try {
    return await work();
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}
