/** Style of the report and of the page: one column of text, system fonts, light or dark as the reader has it. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --ink: #1d2126; --soft: #5b636d; --rule: #dcdad3; --panel: #ffffff; --mark: #fff0c2; --focus: #2457c5;
  --c0: #2457c5; --c1: #c2491d; --c2: #1b7f5c; --c3: #8a3fa8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --ink: #e8e6e1; --soft: #a3abb5; --rule: #333a42; --panel: #1b2026; --mark: #4d3c0a; --focus: #8db0ff;
    --c0: #8db0ff; --c1: #ff9a70; --c2: #62d3a6; --c3: #d79bf0;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, "Segoe UI", Roboto, sans-serif; }
main, header.top { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem; }
header.top { padding-top: 2rem; }
h1 { font-size: clamp(1.6rem, 4vw, 2.3rem); line-height: 1.15; margin: 0 0 .5rem; letter-spacing: -.015em; }
h2 { font-size: 1.3rem; margin: 2.6rem 0 .6rem; line-height: 1.25; }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
p, ul, dl { max-width: 44rem; margin: .5rem 0; }
.lead { color: var(--soft); font-size: 1.08rem; }
code, pre { font: .9em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
pre { overflow-x: auto; padding: .8rem 1rem; background: var(--panel); border: 1px solid var(--rule); border-radius: 6px; }
a { color: var(--focus); }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 1rem 0; font-size: .92rem; max-width: none; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
.badge { background: var(--mark); border-radius: 4px; padding: .05rem .45rem; font-size: .85em; font-weight: 600; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .45rem .6rem; border-bottom: 1px solid var(--rule); text-align: left; vertical-align: baseline; white-space: nowrap; }
thead th { border-bottom: 2px solid var(--ink); vertical-align: bottom; font-weight: 600; }
tbody th { font-weight: 500; }
th.number, td.number { text-align: right; }
th small { display: block; font-weight: 400; color: var(--soft); font-size: .8em; }
tr.floor { background: var(--panel); font-style: italic; }
.note { color: var(--soft); font-size: .9rem; }
.grids { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 1rem; margin: 1rem 0; }
figure { margin: 0; }
figure img { display: block; width: 100%; height: auto; image-rendering: pixelated; border: 1px solid var(--rule); background: #000; }
figcaption { font-size: .9rem; margin-top: .4rem; color: var(--soft); }
.plot figcaption { margin: 0 0 .3rem; color: var(--ink); font-weight: 600; }
.wide { margin: 1rem 0; } .wide img { max-width: 60rem; }
.small img { max-width: 9rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1.6rem; margin: 1rem 0; }
.plot { min-width: 0; overflow-x: auto; }
.chart { width: 100%; min-width: 24rem; height: auto; display: block; }
.chart .rule { stroke: var(--rule); stroke-width: 1; }
.chart text { fill: var(--soft); font-size: 13px; font-family: inherit; } .chart .tick { font-variant-numeric: tabular-nums; }
.line path { stroke-width: 1.6; stroke-linejoin: round; } .line.test path { stroke-width: 2.2; stroke-dasharray: 5 3; }
.c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); } .c3 { color: var(--c3); }
.line path { stroke: currentColor; } .line circle { fill: currentColor; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: .88rem; margin: .2rem 0 0; }
.legend i { display: inline-block; width: 1.4rem; margin-right: .4rem; vertical-align: .25em; border-top: 2px solid currentColor; }
.legend .test i { border-top-style: dashed; } .legend .points i { width: .55rem; height: .55rem; border: 0; border-radius: 50%; background: currentColor; vertical-align: .05em; }
.formulas { display: grid; gap: .9rem; max-width: 52rem; } .formulas dt { font-weight: 600; } .formulas dd { margin: .1rem 0 0; }
footer { max-width: 68rem; margin: 3rem auto 2rem; padding: 0 1.25rem; color: var(--soft); font-size: .88rem; }
@media print { body { background: none; } h2 { break-after: avoid; } figure { break-inside: avoid; } }
`;
