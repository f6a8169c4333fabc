import { loaded } from "../device/loaded.ts";

/**
 * A module that is loaded when a plan first needs it: `load` gives a promise until it is there, and `get` the module from then on.
 * So a program takes along the kernels of the ops that it runs, not those of all methods that a tensor has.
 */
export function lazy<Module>(importing: () => Promise<Module>) {
  let module: Module | undefined;
  return {
    get: (): Module => module!,
    load: async (): Promise<void> => {
      module ??= await loaded("kernels", importing());
    },
  };
}
