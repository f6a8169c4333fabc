import * as family from "../models/family/index.ts";
import type { ModelClass } from "../models/latent/define.ts";

/** A model of the family by its name. */
export type ModelName = keyof typeof family;

/** Models by their names, for whoever looks one up: each takes the options of its own table. */
export const models = family as unknown as { readonly [name in ModelName]: ModelClass };

/** Names of them, as a list of choices shows them. */
export const modelNames = Object.keys(models) as ModelName[];

/** Models whose codes have no prior but a density that is fitted to them afterwards. */
export const WITHOUT_PRIOR: ReadonlySet<string> = new Set<ModelName>(["AutoEncoder", "RAE"]);

/** Models that learn from the class of each image. */
export const NEEDS_CLASSES: ReadonlySet<string> = new Set<ModelName>(["ConditionalVAE"]);
