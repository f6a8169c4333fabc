/** What measuring adds to the page's style. */
export const measureStyle = `
#measure progress { width: 12rem; max-width: 100%; accent-color: var(--focus); }
#measure .lead { max-width: none; color: var(--ink); } #measure .lead:empty { display: none; }
#measure .controls { max-width: none; } #measure .downloads { margin: 0; }
#measure output { display: block; min-height: 1.6em; margin: .4rem 0 0; overflow-wrap: anywhere; }
#measure .legend { margin: .4rem 0 0; } .legend .dots { display: inline-block; vertical-align: -.2em; width: 1rem; height: 1rem; }
#measure .dots { min-width: 0; border-radius: 6px; }
.dots .row { fill: var(--ink); } .dots.narrow .row { font-size: 12px; }
#measure .plots { max-width: 42rem; } #bench-only { width: 17rem; max-width: 100%; }
.dots .own { color: var(--ink); }
.dots .dot path { fill: currentColor; stroke: var(--paper); stroke-width: 1.5; }
.dots .dot .limits { stroke: currentColor; stroke-width: 2; opacity: .6; }
.dots .dot.current path { stroke: var(--ink); stroke-width: 3; }
.dots .mark { stroke: var(--soft); stroke-dasharray: 4 3; stroke-width: 1.5; }
@media (max-width: 40rem) { #measure output { min-height: 4.8em; } }
#measure .drop h3 { margin-bottom: .3rem; } #measure .drop input { max-width: 100%; }
`;
