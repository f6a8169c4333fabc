export { check, checkOptions, isPlain, LatentError, named, quote, show, type Code } from "../formats/errors.ts";
