// What adapters say of themselves, as Chrome, Safari, Firefox and Dawn report them, and whose hardware that is.

import { expect, it } from "vitest";
import { type Family, familyOf } from "../src/device/info.ts";

/** Dawn's sizes where the driver names none. */
const ANY = [4, 128] as const;

const adapters: readonly [
  Family,
  vendor: string,
  architecture: string,
  description: string,
  sizes: readonly [number, number],
][] = [
  ["nvidia", "nvidia", "lovelace", "", [32, 32]],
  ["nvidia", "nvidia", "ampere", "NVIDIA GeForce RTX 3060", [32, 32]],
  ["nvidia", "", "", "NVIDIA GeForce GTX 1060/PCIe/SSE2", ANY],
  // sizes that several families have say nothing
  ["unknown", "", "", "", [32, 32]],
  ["amd", "amd", "rdna-3", "", [32, 64]],
  ["amd", "amd", "rdna-2", "AMD Radeon RX 6800 XT (RADV NAVI21)", [64, 64]],
  ["amd", "amd", "gcn-5", "", [64, 64]],
  ["amd", "", "", "Radeon R9 200 Series", ANY],
  ["unknown", "", "", "", [32, 64]],
  ["intel", "intel", "gen-12lp", "", [8, 32]],
  ["intel", "intel", "xe-2lpg", "Intel(R) Arc(tm) Graphics", [16, 32]],
  ["intel", "", "", "Mesa Intel(R) UHD Graphics 770 (ADL-S GT1)", [8, 32]],
  ["intel", "", "", "", [8, 32]],
  ["apple", "apple", "common-3", "", [4, 64]],
  ["apple", "apple", "metal-3", "Apple M2", [32, 32]],
  ["mobile", "qualcomm", "adreno-7xx", "", [64, 128]],
  ["mobile", "arm", "valhall", "", [16, 16]],
  ["mobile", "arm", "bifrost", "", [8, 8]],
  ["mobile", "samsung", "rdna-2", "", [32, 64]],
  ["mobile", "img-tec", "", "", [32, 32]],
  ["mobile", "broadcom", "", "V3D 7.1.7", [16, 16]],
  ["mobile", "", "", "Adreno (TM) 740", ANY],
  ["software", "google", "swiftshader", "", [4, 4]],
  ["software", "mesa", "software", "llvmpipe (LLVM 15.0.6, 256 bits)", [8, 8]],
  ["software", "microsoft", "warp", "", [4, 4]],
  ["software", "microsoft", "", "Microsoft Basic Render Driver", [4, 4]],
  ["unknown", "", "", "", ANY],
  ["unknown", "acme", "roadrunner", "", [4, 64]],
];

it.each(adapters)("%s: %s %s %s, subgroups of %j", (family, vendor, architecture, description, [least, most]) => {
  const info = { vendor, architecture, description, subgroupMinSize: least, subgroupMaxSize: most };
  expect(familyOf(info)).toBe(family);
});

it("a fallback adapter is software, whatever it is called", () => {
  expect(familyOf({ vendor: "nvidia", isFallbackAdapter: true })).toBe("software");
  expect(familyOf({})).toBe("unknown");
});
