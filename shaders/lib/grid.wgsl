// grid — the number of a workgroup, and its place among those of a stack.
//
// A dimension of a dispatch holds at most 65 535 workgroups. So every grid is one line of workgroups, of which the host sends what is
// too long along y, perhaps a few too many: kernels return, or store nothing, where their number is past the last.

fn group_number(id: vec3u, groups: vec3u) -> u32 { return id.x + id.y * groups.x; }

// The place of workgroup `number` in a grid: across fastest, then down, then from one matrix of a stack to the next.
fn place_of_group(number: u32, across: u32, down: u32) -> vec3u {
  return vec3u(number % across, number / across % down, number / across / down);
}
