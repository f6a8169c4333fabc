// What few programs ask for, loaded as one piece when they do: each further piece would cost all others a table of what they share.
export { selfTest } from "./selfTest.ts";
export { tune } from "./tune.ts";
