// grid — the linear number of a workgroup when the host folds a long one-dimensional grid into two.
//
// A dimension of a dispatch holds at most 65 535 workgroups; the host sends the rest along y.

fn group_number(id: vec3u, groups: vec3u) -> u32 { return id.x + id.y * groups.x; }
