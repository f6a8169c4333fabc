/** PIL's convert("L") of bytes: luma by ITU-R BT.601 in 16-bit fixed point, rounded. */
export const luma = (red: number, green: number, blue: number): number =>
  (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
