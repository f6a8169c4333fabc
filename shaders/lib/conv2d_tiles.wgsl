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
