/** Adds rules to the page's style: a sheet of its own, which the page's policy allows where a style element is not. */
export function addStyle(rules: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  document.adoptedStyleSheets.push(sheet);
}
