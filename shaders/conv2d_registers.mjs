// conv2d_registers — what the unrolled convolutions share: how channels are loaded, and names of registers for sums and choices.

import { range } from "./unrolled.mjs";

/** Registers of pixel or column `j`: one vec4f of channels for each letter. */
export const LETTERS = ["a", "b", "c", "d"];

export const QUAD_SWAP_NOTE = `//            Four neighbouring invocations load four different channels and pass them round (quadSwap): component m
//            of a register belongs to channel lane mod 4 XOR m. For devices where loads cost far more than swaps,
//            such as a software adapter`;

/** How four channels at once come out of \`buffer\`, and which one a component is. */
export const loaders = {
  vec4: {
    name: "",
    enable: "",
    weights: `fn weights(at: u32, lane: u32) -> vec4f { return packed[at]; }`,
    packed: "array<vec4f>",
    slot: (m) => `${m}`,
    gradients: `fn gradients(at: u32, area: u32, lane: u32) -> vec4f {
  return vec4f(gradient[at], gradient[at + area], gradient[at + 2u * area], gradient[at + 3u * area]);
}`,
  },
  quadSwap: {
    name: "_quadswap",
    enable: "enable subgroups;\n\n",
    weights: `fn weights(at: u32, lane: u32) -> vec4f {
  let own = packed[at * 4u + (lane & 3u)];
  return vec4f(own, quadSwapX(own), quadSwapY(own), quadSwapDiagonal(own));
}`,
    packed: "array<f32>",
    slot: (m) => `(${m} ^ (lane & 3u))`,
    gradients: `fn gradients(at: u32, area: u32, lane: u32) -> vec4f {
  let own = gradient[at + (lane & 3u) * area];
  return vec4f(own, quadSwapX(own), quadSwapY(own), quadSwapDiagonal(own));
}`,
  },
};

/** Terms of a sum that an iteration takes at most (STEP of lib/conv2d.wgsl). */
export const MOST_TERMS = 4;

export const plus = (name, n) => (n ? `${name} + ${n}u` : name);

/** Adds the registers of one level of a sum to those of the next, and starts them again (lib/long.wgsl). */
export const folded = (registers, from, to) =>
  registers.map((name) => `${to}${name} += ${from}${name}; ${from}${name} = vec4f();`);
export const declared = (registers, level) => [registers.map((name) => `var ${level}${name} = vec4f();`).join(" ")];
export const summed = (registers) => registers.map((name) => `${name} = (total_${name} + group_${name}) + ${name};`);

/** WGSL for the j-th of `names`, by the bits of j: a few selects cost less than an array in memory. */
export const pick = (names, bit = 0) =>
  names.length === 1
    ? names[0]
    : pick(
        range(names.length / 2).map((n) => `select(${names[2 * n]}, ${names[2 * n + 1]}, bit${bit})`),
        bit + 1,
      );
export const places = (count) => range(Math.log2(count)).map((b) => `let bit${b} = (j & ${2 ** b}u) != 0u;`);

/**
 * acc += weight · value for every register of the tile, each weight and value loaded just before it is wanted: a device that
 * works ahead multiplies while it waits for the next load.
 */
export const products = (weights, values) =>
  values.flatMap(({ name: value, load }, j) => [
    load,
    ...weights.flatMap((weight, r) => [...(j ? [] : [weight.load]), `${LETTERS[r]}${j} += ${weight.name} * ${value};`]),
  ]);
