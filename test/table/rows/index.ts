import { arithmetic } from "./arithmetic.ts";
import { contractions } from "./einsum.ts";
import { elementwise } from "./elementwise.ts";
import { entropy } from "./entropy.ts";
import { functions } from "./functions.ts";
import { further } from "./further.ts";
import { gates } from "./gates.ts";
import { images } from "./images.ts";
import { integers } from "./integers.ts";
import { heads } from "./heads.ts";
import { likelihood } from "./likelihood.ts";
import { lines } from "./lines.ts";
import { lookups } from "./lookups.ts";
import { multiplication } from "./multiplication.ts";
import { normalisation } from "./normalise.ts";
import { pooling } from "./pools.ts";
import { randomness } from "./random.ts";
import { shape } from "./shape.ts";
import { sorting } from "./sort.ts";
import { rearrangement } from "./rearrange.ts";
import { slicing } from "./slices.ts";
import { sums } from "./sums.ts";
import { own } from "./own.ts";
import { places } from "./places.ts";
import { volumes } from "./volumes.ts";

const families = [
  arithmetic,
  elementwise,
  integers,
  functions,
  further,
  gates,
  shape,
  sums,
  places,
  rearrangement,
  slicing,
  multiplication,
  images,
  pooling,
  contractions,
  volumes,
  heads,
  likelihood,
  entropy,
  lines,
  lookups,
  normalisation,
  randomness,
  sorting,
  own,
];

/** The whole table: an op added to src/graph/ops is missing until it has rows here. */
export const rows = families.flatMap((family) => family.rows);
export const refusals = families.flatMap((family) => family.refusals);
