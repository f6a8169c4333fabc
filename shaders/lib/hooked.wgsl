// hooked — what hooks are made of, for the kernels that have some.

//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/functions.wgsl"
//#include "lib/extras.wgsl"
