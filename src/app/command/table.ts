import { KEYS } from "./titles.ts";
import type { Command, OptionRule } from "./words.ts";

const reading: readonly OptionRule[] = [
  {
    name: "features",
    value: "FILE|digits-v1",
    help: "a network's safetensors file, told by its tensors: the FID Inception (pytorch-fid's names),\nMobileNet V1 or V2, the digit classifier; or the digit classifier that comes along;\nwithout it, pixels from 0 to 1",
  },
  {
    name: "on-error",
    value: "stop|skip",
    help: "a broken image stops the command (default), or is named and left out",
  },
  { name: "channels", value: "1|3", help: "makes all images grey (PIL's luma) or RGB; without it they must agree" },
  { name: "resize", value: "N|HxW", help: "makes all images one size (PIL's bicubic); without it they must agree" },
  { name: "layout", value: "nhwc|nchw", help: "axes of arrays of images, where their sizes do not tell" },
  { name: "array", value: "NAME", help: "the array of an npz file, where it has several" },
  { name: "recursive", help: "folders within folders as well" },
  { name: "max-pixels", value: "N", help: "most pixels of one image (default 67108864)" },
  { name: "batch", value: "N", help: "images that one run on the GPU takes (default 32)" },
  { name: "quiet", help: "no progress" },
];

const inputs = [
  "Inputs: a folder of PNG files (8 bits; JPEG where the package jpeg-js is installed), an npy or npz file of images",
  "[n, h, w], [n, h, w, c] or [n, c, h, w] (bytes, or floats from 0 to 1) or of features [n, d] (taken as they are),",
  "an IDX file (.gz as well), or a statistics file: npz with mu and sigma, as pytorch-fid and `stats` write it.",
  "",
  "Exit codes: 0 done; 1 failed; 2 the command line is wrong; 130 interrupted, and what was done is kept.",
];

/** The commands by name. */
export const commands = {
  score: {
    name: "score",
    usage: "score GENERATED --real REAL [options]",
    summary: "Compares generated images with real ones.",
    operands: [1, 1],
    options: [
      { name: "real", value: "PATH", help: "the real images; not needed by measures of one set" },
      {
        name: "measures",
        value: "a,b,…",
        help: `of ${KEYS.slice(0, 8).join(", ")},\n${KEYS.slice(8).join(", ")} (default fid,kid,pr)`,
      },
      { name: "json", value: "FILE", help: "writes all numbers with their conditions" },
      { name: "seed", value: "N", help: "where random choices start (default 0)" },
      { name: "count", value: "N", help: "samples behind statistics files that do not say it" },
      ...reading,
    ],
    notes: inputs,
  },
  stats: {
    name: "stats",
    usage: "stats IMAGES -o FILE.npz [options]",
    summary: "Writes mean, covariance and count of features (mu, sigma, n), which score, merge and pytorch-fid read.",
    operands: [1, 1],
    options: [
      { name: "output", short: "o", value: "FILE", help: "the npz file to write" },
      {
        name: "shard",
        value: "i/n",
        help: "takes every n-th image from the i-th on: shares of one set for many machines",
      },
      {
        name: "classes",
        help: "moments of class probabilities as well, of which score tells the Inception (class) score",
      },
      { name: "resume", help: "goes on where an interrupted run of the same command stopped" },
      ...reading,
    ],
    notes: inputs,
  },
  merge: {
    name: "merge",
    usage: "merge A.npz B.npz … -o FILE.npz",
    summary: "Adds up statistics of parts of a set: the same as statistics of the whole, whatever the order.",
    operands: [1, 100_000],
    options: [
      { name: "output", short: "o", value: "FILE", help: "the npz file to write" },
      { name: "count", value: "N", help: "samples behind each file that does not say it" },
      { name: "quiet", help: "no progress" },
    ],
    notes: inputs.slice(-1),
  },
} satisfies { readonly [name: string]: Command };
