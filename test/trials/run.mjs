// run — what takes too long for `npm test`, each by a program of this folder, on Dawn in Node:
//
//     node test/trials/run.mjs factorisations [rows at most = 512] [of Jacobi's sweeps = the same]
//         residuals and orthogonality of eigh, svd and qr of random, clustered and ill-conditioned matrices, as a table; the sweeps, which a
//         GPU takes and a software adapter need not, take one a minute from 128 rows on, at 512 half an hour
//     node test/trials/run.mjs mixtures [fits = 10000] [seconds at most] [seed = 1]
//         fits of rows that give trouble: how they end, what refusals say, and every fault with its seed
//     node test/trials/run.mjs seeds [models = VQVAE,IWAE,WAE,FactorVAE,VampVAE,LVAE] [seeds = 1,2,3]
//         models of the family trained on MNIST by the quick preset: first and last losses, and whether all terms are numbers
//
// Ends with 1 where something was wrong. A software adapter takes minutes, for 10,000 fits half an hour.
import { succeeds } from "../program.mjs";

const programs = ["factorisations", "mixtures", "seeds"];
const [name, ...parameters] = process.argv.slice(2);
if (!programs.includes(name))
  throw new Error(`trials: unknown program. Expected one of ${programs.join(", ")}; got ${name ?? "none"}.`);
process.exitCode = (await succeeds(`test/trials/${name}.ts`, parameters)) ? 0 : 1;
