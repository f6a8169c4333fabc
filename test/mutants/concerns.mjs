// concerns — which tests look at a file: parts of their paths, as vitest takes them.

/** The first pattern that matches a path decides. */
/** @type {[RegExp, string[]][]} */
const concerns = [
  [/^src\/models\/(covariance|gaussian)\//, ["test/covariance", "test/gaussian", "test/mixture"]],
  [/^src\/models\/mixture\//, ["test/mixture", "test/covariance"]],
  [/^src\/models\//, ["test/family", "test/vae", "test/load"]],
  [/^src\/features\//, ["test/digits", "test/networks", "test/inception", "test/detectors"]],
  [/^src\/nn\//, ["test/nn", "test/checkpoint"]],
  [/^src\/metrics\//, ["test/measures", "test/metrics", "test/frechet", "test/class-score", "test/gaussian"]],
  [/^src\/data\//, ["test/data", "test/mixture", "test/nn-train"]],
  [/^src\/linalg\/moments/, ["test/moments"]],
  [/^src\/linalg\/(spectrum|tridiagonal|jacobi)/, ["test/spectrum"]],
  [/^src\/linalg\/(rootTrace|polar|sqrtm|semidefinite)/, ["test/root-trace", "test/polar", "test/sqrtm"]],
  [/^src\/linalg\//, ["test/linalg", "test/systems", "test/gram"]],
  [/^src\/graph\/ops\/(pool|adaptive|window)/, ["test/pool", "test/table"]],
  [/^src\/graph\/ops\/conv/, ["test/conv2d", "test/table"]],
  [/^src\/graph\/ops\/(resize)/, ["test/resize"]],
  [/^src\/graph\/ops\/(sort)/, ["test/sort"]],
  [/^src\/graph\/ops\/(slice|gather|pick|take|indices|place)/, ["test/indexing", "test/table"]],
  [/^src\/graph\/ops\//, ["test/table", "test/grad"]],
  [/^shaders\/.*matmul/, ["test/matmul", "test/gram"]],
  [/^shaders\/.*conv/, ["test/conv2d"]],
  [/^shaders\/.*pool/, ["test/pool", "test/table"]],
  [/^shaders\/.*(reduce|total|lines|softmax)/, ["test/table", "test/long-sums", "test/kernels"]],
  [/^shaders\/.*(cholesky|lu|qr|triangular|jacobi|semidefinite)/, ["test/linalg", "test/systems", "test/spectrum"]],
  [/^shaders\/.*sort/, ["test/sort"]],
  [/^shaders\/.*clusters/, ["test/mixture"]],
  [/^shaders\//, ["test/table", "test/kernels"]],
];

/** @param {string} file @returns {string[]} */
export function testsOf(file) {
  const found = concerns.find(([pattern]) => pattern.test(file));
  if (!found) throw new Error(`mutants: no tests are named for ${file}. Add it to test/mutants/concerns.mjs.`);
  return found[1];
}
