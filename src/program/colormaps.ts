/** Colours evenly apart from 0 to 1, as bytes R, G, B in hexadecimal, into R, G, B, 0 each. */
const colours = (anchors: string): Float32Array<ArrayBuffer> =>
  Float32Array.from(
    anchors
      .match(/.{6}/g)!
      .flatMap((text) => [...[0, 2, 4].map((at) => Number.parseInt(text.slice(at, at + 2), 16) / 255), 0]),
  );

/**
 * Colour maps by name: R, G, B and 0 of anchors that are evenly apart, between which colours lie on a line.
 *
 * viridis and magma: every fifth of the 256 colours that matplotlib publishes, whose others the lines meet within one step of a byte
 * (test/oracles/colormaps.py prints both).
 */
export const colormaps: { readonly [name: string]: Float32Array<ArrayBuffer> } = {
  grey: colours("000000ffffff"),
  viridis: colours(
    "44015446085c471063481769481d6f482475472a7a46307e453781433d844142873f48893d4e8a3a538b38598c355e8d33638d31688e2e6d8e2c718e2a768e297b8e27808e25848e23898e218e8d20928c1f978b1e9c891fa18821a58524aa8328ae802eb37c35b7793dbc7446c06f50c46a5ac86465cb5e70cf577cd25089d54895d840a2da37b0dd2fbddf26cae11fd8e219e5e419f1e51dfde725",
  ),
  magma: colours(
    "00000402020b0504160907200e0b2b140e361a104221114e29115a311165390f6e420f754a107952137c5a167e6219806a1c81721f81792282812581892881912b81992d80a1307eaa337db2357bba3878c23b75ca3e72d2426fd9466be04c67e75263ec5860f1605df4695cf7725cf97b5dfb8560fc8e64fd9869fea16efeaa74feb47bfebd82fec68afecf92fed89afde2a3fdebacfcf4b6fcfdbf",
  ),
};
