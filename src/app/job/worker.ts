/** This package's own workers: src/app/<name>.page.ts, which the build writes to dist/app/<name>.js. */
const NAMES = ["worker", "score", "train"] as const;

/** Chrome calls the policy's function with the address; only this package's own workers are allowed. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

const addressOf = (name: string): string => `/dist/app/${name}.js`;
let policy: { createScriptURL(url: string): string } | undefined;

/** Starts one of the workers under the page's policy; `title` is what a debugger shows. */
export function startWorker(name: (typeof NAMES)[number], title: string): Worker {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  policy ??= trustedTypes?.createPolicy("latentgpu", {
    createScriptURL: (url) => {
      const addresses = NAMES.map(addressOf);
      if (addresses.includes(url)) return url;
      throw new TypeError(`worker: unexpected address. Expected ${addresses.join(" or ")}; got ${url}.`);
    },
  });
  const address = addressOf(name);
  return new Worker(policy?.createScriptURL(address) ?? address, { type: "module", name: title });
}
