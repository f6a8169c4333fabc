// conv2d_tiles — convolutions whose invocations hold a tile of the result in registers, for the kernels that say how weights are loaded.
//
// Named registers: an indexed array would live in memory on some devices. A kernel gives
//
//   QUARTERS, PIXELS   the tile: 4 · QUARTERS channels × PIXELS pixels, LANES pixels apart
//   weights            four channels' weights of one term, packed by conv2d_pack at TILE 4 · QUARTERS
//   channel_of         which of the four a component of them is

//#include "lib/hooked.wgsl"
//#include "lib/side_output.wgsl"
//#include "lib/conv2d.wgsl"
//#include "lib/long.wgsl"

struct Params {
  batch: u32,
  groups: u32,
  sums: u32,     // channels of the source in a group: summed over
  channels: u32, // channels of the result in a group
  source_height: u32,
  source_width: u32,
  height: u32,
  width: u32,
  kernel_height: u32,
  kernel_width: u32,
  stride_y: u32,
  stride_x: u32,
  dilation_y: u32,
  dilation_x: u32,
  pad_top: u32,
  pad_left: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;

const LANES = 64u;
const CHANNELS = 4u * QUARTERS;
// 1 where the channels fill all tiles
const WHOLE = 0u;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

fn store(at: u32, channel: u32, size: u32, value: f32) {
  if (WHOLE == 0u && channel >= params.channels) { return; }
  let i = at + channel * size;
  result[i] = epilogue(i, value);
}

// How far a sum has come. One loop goes over taps and channels alike: some devices pay for all registers at the end of each loop.
struct Walk {
  tap_y: u32,
  tap_x: u32,
  shift_y: u32,
  shift_x: u32,
  channel: u32,
}

// Terms that an iteration takes: channels of one tap, of which each has a multiple of STEP; where STEP_ALONG_ROW is 1, for one channel,
// taps of one row.
const STEP = 2u;
const STEP_ALONG_ROW = 0u;

fn begin(rows: Axis, columns: Axis) -> Walk {
  // an axis without a tap, at a stride longer than the kernel, has no terms
  let first = select(rows.first, params.kernel_height, columns.first >= params.kernel_width);
  return Walk(first, columns.first, rows.start, columns.start, 0u);
}
fn further(w: Walk, rows: Axis, columns: Axis) -> Walk {
  let channel = w.channel + STEP;
  let stays = STEP_ALONG_ROW == 0u && channel < params.sums;
  let by = select(1u, STEP, STEP_ALONG_ROW == 1u);
  let tap_x = w.tap_x + by * columns.step;
  let turns = tap_x >= params.kernel_width;
  let row = Walk(w.tap_y + rows.step, columns.first, w.shift_y + rows.advance, columns.start, 0u);
  let tap = Walk(w.tap_y, tap_x, w.shift_y, w.shift_x + by * columns.advance, 0u);
  return Walk(
    select(w.tap_y, row.tap_y, turns && !stays),
    select(select(tap.tap_x, row.tap_x, turns), w.tap_x, stays),
    select(w.shift_y, row.shift_y, turns && !stays),
    select(select(tap.shift_x, row.shift_x, turns), w.shift_x, stays),
    select(0u, channel, stays)
  );
}

// The source element a pixel reads, and whether there is one.
struct Tap {
  at: u32,
  inside: bool,
}

fn loaded(t: Tap) -> f32 { return select(0.0, source[t.at], t.inside); }

fn tap(p: Pixel, w: Walk) -> Tap {
  let y = p.y + w.shift_y;
  let x = p.x + w.shift_x;
  return Tap(
    p.source + (w.channel * plane() + w.shift_y * params.source_width + w.shift_x),
    (y < params.source_height) & (x < params.source_width)
  );
}

// The same n terms further on in the iteration.
fn later(t: Tap, p: Pixel, w: Walk, n: u32, columns: Axis) -> Tap {
  if (STEP_ALONG_ROW == 0u) { return Tap(t.at + n * plane(), t.inside); }
  let own = tap(p, Walk(w.tap_y, w.tap_x, w.shift_y, w.shift_x + n * columns.advance, w.channel));
  return Tap(own.at, own.inside & (w.tap_x + n * columns.step < params.kernel_width));
}

struct Work {
  tile: u32,  // of CHANNELS channels
  tiles: u32,
  group: u32,
  phase: u32,
  first: u32, // pixel
}

fn work(number: u32, phases: u32) -> Work {
  let tiles = (params.channels + (CHANNELS - 1u)) / CHANNELS;
  let blocks = number / tiles / params.groups;
  let first = blocks / phases * LANES * PIXELS;
  return Work(number % tiles, tiles, number / tiles % params.groups, blocks % phases, first);
}

@compute @workgroup_size(LANES)
fn forward(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let rows = forward_axis(params.height, params.stride_y, params.dilation_y, params.pad_top);
  let columns = forward_axis(params.width, params.stride_x, params.dilation_x, params.pad_left);
  let number = group_number(id, groups);
  convolve(work(number, 1u), rows, columns, lane);
  let done = finish(number * LANES + lane);
}

@compute @workgroup_size(LANES)
fn by_input(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let number = group_number(id, groups);
  let own = work(number, params.stride_y * params.stride_x);
  let y = own.phase / params.stride_x;
  let x = own.phase % params.stride_x;
  let rows = input_axis(y, params.height, params.kernel_height, params.stride_y, params.dilation_y, params.pad_top);
  let columns = input_axis(x, params.width, params.kernel_width, params.stride_x, params.dilation_x, params.pad_left);
  convolve(own, rows, columns, lane);
  let done = finish(number * LANES + lane);
}

fn convolve(own: Work, rows: Axis, columns: Axis, lane: u32) {
  let pixels = params.batch * rows.count * columns.count;
  if (own.first >= pixels) { return; }
  let number = own.first + lane;
  let p{j} = pixel(number + {j}u * LANES, own.group, rows, columns); //#repeat j in 0..PIXELS
  var s{r}_{j} = vec4f(); //#repeat j in 0..PIXELS, r in 0..QUARTERS
  var {level}{r}_{j} = vec4f(); //#repeat level in group total, j in 0..PIXELS, r in 0..QUARTERS
  var count = 0u;
  let most = max(run_of((params.kernel_height * params.kernel_width * params.sums + STEP - 1u) / STEP), 64u);

  let kernel = (own.group * own.tiles + own.tile) * params.kernel_height;
  let apart = QUARTERS * select(1u, columns.step * params.sums, STEP_ALONG_ROW == 1u);
  var walk = begin(rows, columns);
  while (walk.tap_y < params.kernel_height) {
    for (var n = 0u; n < most && walk.tap_y < params.kernel_height; n++) {
      let t{j} = tap(p{j}, walk); //#repeat j in 0..PIXELS
      let k = QUARTERS * (((kernel + walk.tap_y) * params.kernel_width + walk.tap_x) * params.sums + walk.channel);
      // each weight and pixel is loaded just before it is wanted: a device that works ahead multiplies while it waits for the next
      {
        let v0 = loaded(t0);
        //#repeat r in 0..QUARTERS
        let w{r} = weights(k + {r}u, lane);
        s{r}_0 += w{r} * v0;
        //#end
        //#repeat j in 1..PIXELS
        let v{j} = loaded(t{j});
        s{r}_{j} += w{r} * v{j}; //#repeat r in 0..QUARTERS
        //#end
      }
      //#repeat term in 1..4
      if (STEP > {term}u) {
        let v0 = loaded(later(t0, p0, walk, {term}u, columns));
        //#repeat r in 0..QUARTERS
        let w{r} = weights(k + {term}u * apart + {r}u, lane);
        s{r}_0 += w{r} * v0;
        //#end
        //#repeat j in 1..PIXELS
        let v{j} = loaded(later(t{j}, p{j}, walk, {term}u, columns));
        s{r}_{j} += w{r} * v{j}; //#repeat r in 0..QUARTERS
        //#end
      }
      //#end
      walk = further(walk, rows, columns);
    }
    if (MANY_TERMS == 1u) {
      count++;
      group{r}_{j} += s{r}_{j}; s{r}_{j} = vec4f(); //#repeat j in 0..PIXELS, r in 0..QUARTERS
      if (ends(count, most)) {
        total{r}_{j} += group{r}_{j}; group{r}_{j} = vec4f(); //#repeat j in 0..PIXELS, r in 0..QUARTERS
      }
    }
  }
  if (MANY_TERMS == 1u) {
    s{r}_{j} = (total{r}_{j} + group{r}_{j}) + s{r}_{j}; //#repeat j in 0..PIXELS, r in 0..QUARTERS
  }

  let size = params.height * params.width;
  for (var j = 0u; j < PIXELS; j++) {
    if (number + j * LANES < pixels) {
      // a few selects cost less than an array in memory
      let is{j} = j == {j}u; //#repeat j in 1..PIXELS
      var at = p0.result;
      at = select(at, p{j}.result, is{j}); //#repeat j in 1..PIXELS
      //#repeat r in 0..QUARTERS
      var sum{r} = s{r}_0;
      sum{r} = select(sum{r}, s{r}_{j}, is{j}); //#repeat j in 1..PIXELS
      store(at, own.tile * CHANNELS + channel_of({m}u, lane) + {r}u * 4u, size, sum{r}[{m}]); //#repeat m in 0..4
      //#end
    }
  }
}
