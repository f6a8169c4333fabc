export { check, checkOptions, LatentError, quote, show, type Code } from "../formats/errors.ts";
