import { pollOnceAMillisecond } from "../../src/app/command/poll.ts";
import { openNodeGpu } from "../../src/node.ts";
import { asCalled, bySweeps, kinds, LIMIT, matrixOf } from "../factorisations.ts";

/** A table of residuals and orthogonality of eigh, svd and qr. Ends with 1 where one is above the limit in the spectral norm. */
const [largest = 512, largestOfSweeps = largest] = process.argv.slice(2).map(Number) as number[];
pollOnceAMillisecond();
const gpu = await openNodeGpu();
console.log(`${gpu.info.description}; errors in the spectral norm, and in Frobenius'; limit ${LIMIT} of the former\n`);
console.log("| factorisation | matrix | rows | ‖a − product‖ / ‖a‖ | Frobenius | ‖uᵀu − I‖ | Frobenius | seconds |");
console.log("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
let isGood = true;
for (const [list, most] of [
  [asCalled, largest],
  [bySweeps, largestOfSweeps],
] as const)
  for (const { name, isSymmetric, measure } of list)
    for (const kind of kinds)
      for (const n of [64, 128, 256, 512].filter((size) => size <= most)) {
        const { residual, orthogonality, seconds } = await measure(gpu, matrixOf(kind, n, isSymmetric), n);
        isGood &&= residual.spectral <= LIMIT && orthogonality.spectral <= LIMIT;
        const sizes = [residual, orthogonality].flatMap(({ spectral, frobenius }) => [spectral, frobenius]);
        const cells = [...sizes.map((size) => size.toExponential(1)), seconds.toFixed(1)];
        console.log(`| ${[name, kind, n, ...cells].join(" | ")} |`);
      }
gpu.dispose();
process.exit(isGood ? 0 : 1);
