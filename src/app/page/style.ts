/** What the page adds to the report's style: tabs, controls and the list of stages. */
export const pageStyle = `
[hidden] { display: none !important; }
.adapter { font-size: .95rem; max-width: none; overflow-wrap: anywhere; }
.adapter.missing { background: var(--mark); border-radius: 6px; padding: .6rem .8rem; }
.tabs { display: flex; flex-wrap: wrap; gap: .25rem; border-bottom: 1px solid var(--rule); margin: 1.4rem 0 1rem; }
button, select, input { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--rule); border-radius: 6px; padding: .4rem .8rem; min-height: 2.5rem; }
button { cursor: pointer; } button:disabled { opacity: .45; cursor: default; }
#start, .primary { background: var(--focus); color: var(--paper); border-color: var(--focus); font-weight: 600; }
.tabs button { border: 0; background: none; border-radius: 6px 6px 0 0; border-bottom: 3px solid transparent; }
.tabs button[aria-selected="true"] { border-bottom-color: var(--focus); font-weight: 600; }
.controls { display: flex; flex-wrap: wrap; gap: .7rem 1rem; align-items: center; margin: .8rem 0; }
.controls input { width: 8rem; margin-left: .4rem; } .controls select { margin-left: .4rem; }
@media (max-width: 40rem) { .tabs { gap: 0; } .tabs button { padding: .4rem .5rem; } }
.drops { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1rem; margin: 1rem 0; }
.drop { border: 2px dashed var(--rule); border-radius: 8px; padding: .3rem 1rem .6rem; background: var(--panel); min-width: 0; }
.drop.over { border-color: var(--focus); border-style: solid; } .drop.full { border-style: solid; }
.drop h2, .drop h3 { font-size: 1rem; margin: .5rem 0 0; } .drop .given { font-weight: 600; overflow-wrap: anywhere; }
details { margin: .6rem 0; } summary { cursor: pointer; padding: .3rem 0; }
.downloads { display: inline-flex; gap: 1rem; }
.stages { list-style: none; padding: 0; margin: .8rem 0; max-width: none; display: grid; gap: .35rem; }
.stages li { display: grid; grid-template-columns: minmax(9rem, 14rem) minmax(6rem, 1fr) minmax(9rem, 16rem); gap: .8rem; align-items: center; font-size: .92rem; }
.stages li.waiting { color: var(--soft); }
.stages progress { width: 100%; height: .55rem; accent-color: var(--focus); }
.stages span { overflow-wrap: anywhere; } .stages span:last-child { font-variant-numeric: tabular-nums; }
@media (max-width: 40rem) { .stages li { grid-template-columns: 1fr; gap: .1rem; margin-bottom: .5rem; } }
`;
