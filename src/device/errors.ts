export {
  check,
  checkOptions,
  isPlain,
  LatentError,
  named,
  present,
  quote,
  show,
  type Code,
} from "../formats/errors.ts";
