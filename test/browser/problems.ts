import type { Page } from "@playwright/test";

/** Errors of a page and refusals of its policy, from now on; a list that grows. */
export function problemsOf(page: Page): string[] {
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  return problems;
}
