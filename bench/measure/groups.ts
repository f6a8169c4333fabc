// Which cases the picture shows: a few of each kind, all, or one kind.

/** The few that are shown first: cases of a software adapter, and their larger twins of a GPU. */
const FEW: ReadonlySet<string> = new Set([
  "vae step, 784-400-20, batch 128",
  "conv vae step, 1×28² → 32×14² → 64×7² → 20, batch 128",
  "matmul, 512×512 · 512×512",
  "matmul, 1024×1024 · 1024×1024",
  "matmul, 2048×2048 · 2048×2048",
  "matmul, 128×784 · 784×400",
  "conv forward, 32×32×14² → 64×7², 3×3 stride 2",
  "conv forward, 128×32×14² → 64×7², 3×3 stride 2",
  "conv forward, 4×64×28² → 64×28², 3×3",
  "conv forward, 32×64×56² → 64×56², 3×3",
  "sum, of all, 4096×784",
  "sum, of all, 65536×784",
  "softmax, 4096×256",
  "softmax, 65536×256",
  "sort, 2^18",
  "adam, 652,824 parameters",
  "cholesky, 512",
]);

const ofWorkload = (pattern: RegExp) => (name: string) => pattern.test(name);

/** The choices, in their order: what the address calls one, its words, and whether it has a case of this name. */
export const groups = {
  some: { words: "a few of each kind", has: (name: string) => FEW.has(name) },
  all: { words: "all", has: () => true },
  training: { words: "training steps", has: ofWorkload(/^(conv )?vae step,/) },
  products: { words: "products", has: ofWorkload(/^(matmul|covariance),/) },
  convolutions: { words: "convolutions", has: ofWorkload(/^(conv (forward|by input|by weight)|mobilenet),/) },
  memory: { words: "bound by memory", has: ofWorkload(/^(map|sum|softmax|sort|normal|kl|adam),/) },
  algebra: { words: "factors and mixtures", has: ofWorkload(/^(cholesky|eigh|frechet|em),/) },
  measures: { words: "measures and compilation", has: ofWorkload(/^(parzen|nearest|measure|compile),/) },
} as const;

export type Group = keyof typeof groups;
export const isGroup = (name: string | null): name is Group => name !== null && Object.hasOwn(groups, name);

/** The groups that have one of these cases. */
export const groupsOf = (names: readonly string[]): Group[] =>
  (Object.keys(groups) as Group[]).filter((group) => names.some(groups[group].has));
