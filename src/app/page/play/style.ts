/** What playing adds to the page's style: pictures first, in rows that become columns on a phone. */
export const playStyle = `
header.top { padding-top: 1.1rem; } header.top h1 { font-size: 1.5rem; display: inline; margin-right: .8rem; }
header.top .lead { display: inline; font-size: 1rem; } header.top .adapter { font-size: .85rem; color: var(--soft); margin: .3rem 0 0; }
.tabs { margin: .7rem 0 .6rem; }
#play .controls { max-width: none; }
#play h2 { margin: 2rem 0 .6rem; }
#play canvas { display: block; background: #000; border-radius: 4px; }
.status { display: flex; gap: 1rem; align-items: center; min-height: 1.6rem; max-width: none; margin: 0 0 .5rem; color: var(--soft); font-size: .88rem; }
.samples { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 1rem; }
.samples canvas, .walks canvas, #drawn-nearest { width: 100%; height: auto; }
.explorer { display: grid; grid-template-columns: minmax(0, 35rem) minmax(16rem, 1fr); gap: 1.5rem; align-items: start; }
.plane { position: relative; aspect-ratio: 1; background: #000; border-radius: 4px; }
.plane canvas { position: absolute; inset: 0; width: 100%; height: 100%; }
#plane-digits { opacity: .6; } #play #plane { background: none; cursor: crosshair; touch-action: none; }
.digit { width: 100%; max-width: 14rem; aspect-ratio: 1; image-rendering: pixelated; }
.code .digit { width: 14rem; }
.latents { display: grid; gap: .1rem; }
.latents label { display: grid; grid-template-columns: 1.8rem 1fr 3.2rem; gap: .6rem; align-items: center; font-size: .88rem; font-variant-numeric: tabular-nums; }
.latents input { width: 100%; min-height: 1.6rem; padding: 0; accent-color: var(--focus); } .latents output { text-align: right; }
#play .legend { list-style: none; padding: 0; margin: 0; gap: .2rem .9rem; }
#play .legend i { width: .8rem; height: .8rem; border: 0; border-radius: 50%; vertical-align: -.08em; box-shadow: 0 0 0 1px var(--soft); margin-right: .3rem; }
.controls input[type="checkbox"] { width: 1.1rem; min-height: 1.1rem; margin: 0 .3rem 0 0; vertical-align: -.15em; accent-color: var(--focus); }
.walks { display: grid; gap: .7rem; max-width: 44rem; }
.drawing { display: grid; grid-template-columns: minmax(0, 18rem) minmax(0, 9rem) minmax(0, 1fr); gap: 1.5rem; align-items: start; }
.pad { width: 100%; aspect-ratio: 1; cursor: crosshair; touch-action: none; border: 1px solid var(--rule); }
.pair { display: grid; gap: .8rem; } .drawing figure, .hiding figure { min-width: 0; }
.densities table { font-size: .95rem; } .densities caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
.densities meter { width: 100%; min-width: 4rem; height: 1rem; } .densities td:nth-child(2) { width: 45%; }
.densities small { display: block; color: var(--soft); }
#drawn-nearest { max-width: 24rem; image-rendering: pixelated; }
.hiding { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 1rem; max-width: 60rem; }
#hide { cursor: crosshair; touch-action: none; }
.drawing figure, .hiding figure { position: relative; }
.pen { display: none; position: absolute; width: 1.1rem; height: 1.1rem; border: 2px solid var(--mark); border-radius: 50%; translate: -50% -50%; pointer-events: none; box-shadow: 0 0 0 2px #000; }
.pen.down { background: var(--mark); } canvas:focus-visible + .pen { display: block; }
@media (max-width: 52rem) { .explorer, .drawing { grid-template-columns: minmax(0, 1fr); } .pair { grid-template-columns: 1fr 1fr; } .code { display: grid; grid-template-columns: 8rem 1fr; gap: 0 1rem; } .code .digit { width: 8rem; } .code .latents, .code .controls { grid-column: 1 / -1; } }
@media (max-width: 40rem) { .samples { grid-template-columns: minmax(0, 1fr); gap: .6rem; } .hiding { grid-template-columns: 1fr 1fr; } }
@media (prefers-reduced-motion: no-preference) { #plane-digits { transition: opacity .3s; } }
`;
