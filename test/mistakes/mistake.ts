import type { Code, Gpu } from "../../src/index.ts";

/**
 * What newcomers write, and what they should read. A row: the call as they write it (types are off, as in JavaScript), the
 * code of the LatentError, and a pattern that its message must match: what is wrong, and the remedy.
 *
 * Each file of this folder exports `mistakes` of one area; test/mistakes.test.ts finds them by itself.
 */
export type Mistake = readonly [call: (gpu: Gpu, any: Anything) => unknown, code: Code, message: RegExp];

/** What a file gets to make mistakes with: everything the package exports, without types. */
// oxlint-disable-next-line typescript/no-explicit-any -- a newcomer's code has no types
export type Anything = any;
