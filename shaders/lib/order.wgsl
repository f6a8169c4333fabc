// order — f32 as integers that are in the same order: −∞ first, both zeros equal, all that is not a number last.
//
// Bits compare alike everywhere, while a device may assume that NaN does not exist.

fn order_of(word: u32) -> u32 {
  let size = word & 0x7fffffffu;
  let k = select(word | 0x80000000u, ~word, word > 0x7fffffffu);
  return select(select(k, 0x80000000u, size == 0u), 0xffffffffu, size > 0x7f800000u);
}
