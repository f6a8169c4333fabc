/** What the explanations add to the page's style: text beside its picture, and handles over it. */
export const understandStyle = `
.chapter { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 7fr); gap: 0 2rem; align-items: start; }
.chapter h2 { grid-column: 1 / -1; margin: 2.2rem 0 .4rem; }
.chapter .text p:first-child { margin-top: 0; }
.formula { overflow-x: auto; padding: .5rem 0; font-size: 1.1rem; }
.formula math { width: max-content; min-width: 100%; }
.stage { min-width: 0; } .stage > figure { margin-top: .8rem; }
.stage canvas { display: block; width: 100%; height: auto; background: #000; border-radius: 4px; image-rendering: pixelated; }
.picture { position: relative; }
.drawing { display: block; width: 100%; height: auto; }
.drawing .rule { stroke: var(--rule); } .drawing text { fill: var(--soft); font-size: 12px; font-family: inherit; } .drawing .tick { font-variant-numeric: tabular-nums; }
.drawing .line { fill: none; stroke: currentColor; stroke-width: 2.2; stroke-linejoin: round; }
.drawing .dashed { stroke-dasharray: 6 4; } .drawing .best { fill: none; stroke: currentColor; stroke-width: 2.5; }
.drawing .edge { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 4 3; }
.drawing .cut { fill: var(--c1); opacity: .12; }
.drawing .dots { stroke: var(--c0); stroke-width: 4; stroke-linecap: round; opacity: .55; }
.drawing .ring { fill: none; stroke: var(--c1); stroke-width: 3; }
.drawing .ellipse { fill: none; stroke-width: 2.5; }
.handle { position: absolute; width: 2.75rem; height: 2.75rem; margin: -1.375rem 0 0 -1.375rem; border-radius: 50%; cursor: grab; touch-action: none; display: grid; place-items: center; }
.handle:active { cursor: grabbing; }
.handle span { width: 1.5rem; height: 1.5rem; border-radius: 50%; background: var(--paper); border: 3px solid currentColor; color: inherit; font-size: .8rem; font-weight: 700; line-height: 1.15rem; text-align: center; user-select: none; }
.two { display: grid; grid-template-columns: minmax(8rem, 3fr) minmax(0, 5fr); gap: 1rem; align-items: start; }
.text figure { max-width: 20rem; margin-top: .8rem; } .text canvas { display: block; width: 100%; height: auto; background: #000; border-radius: 4px; image-rendering: pixelated; }
.choice { display: grid; gap: .6rem; } .picture.digit { width: 100%; max-width: none; }
.plane-of-points { border: 1px solid var(--rule); border-radius: 4px; overflow: hidden; color: var(--soft); }
.told { font-variant-numeric: tabular-nums; font-size: .95rem; max-width: none; }
.told data { font-weight: 600; }
.slider { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; font-size: .95rem; margin: .3rem 0; }
.slider input { flex: 1; min-width: 8rem; padding: 0; accent-color: var(--focus); } .slider output { min-width: 3rem; font-variant-numeric: tabular-nums; }
@media (max-width: 52rem) { .chapter { grid-template-columns: minmax(0, 1fr); } .stage { margin-top: .8rem; } }
@media (max-width: 40rem) { .drawing text { font-size: 15px; } .two { grid-template-columns: minmax(0, 1fr); } .choice { grid-template-columns: 12rem auto; align-items: end; } }
`;
