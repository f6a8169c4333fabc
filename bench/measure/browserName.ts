/** The browser as reports name it: Chrome and its version, or all that it says of itself. */
export const browserName = (): string =>
  /Chrome\/[\d.]+/.exec(navigator.userAgent)?.[0].replace("/", " ") ?? navigator.userAgent;
