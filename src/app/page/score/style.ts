/** What scoring adds to the page's style: choices, and pictures in rows. */
export const scoreStyle = `
.score-form fieldset { border: 1px solid var(--rule); border-radius: 8px; padding: .5rem 1rem .8rem; margin: 1rem 0; }
.measures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); gap: .15rem 1rem; }
.measures label { display: grid; grid-template-columns: auto 1fr; }
.measures code, .sees code { color: var(--soft); white-space: nowrap; }
.score-form input[type="checkbox"] { width: 1.1rem; min-height: 1.1rem; margin: .2rem .4rem 0 0; vertical-align: -.15em; accent-color: var(--focus); }
.score-form input[type="file"] { width: auto; max-width: 100%; margin-left: 0; }
.sees td { white-space: normal; min-width: 12rem; } .sees td:last-child { min-width: 7rem; white-space: nowrap; }
.score-form .controls input:not([type]), #score-count { width: 11rem; }
#score-run { background: var(--focus); color: var(--paper); border-color: var(--focus); font-weight: 600; }
#score progress { width: 12rem; max-width: 100%; accent-color: var(--focus); }
#score-command { display: block; overflow-wrap: anywhere; white-space: pre-wrap; }
#score .scores th { white-space: normal; min-width: 9rem; } #score .rest td { white-space: normal; color: var(--soft); font-size: .85rem; } .warned td { white-space: normal; background: var(--mark); }
.neighbours { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(28rem, 100%), 1fr)); gap: 1rem 2rem; }
.neighbour-row { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: .5rem; }
.neighbour-row figure:first-child canvas { outline: 3px solid var(--focus); outline-offset: 1px; }
.tiles { display: grid; grid-template-columns: repeat(8, minmax(0, 1fr)); gap: .5rem; }
#score figure canvas { display: block; width: 100%; height: auto; image-rendering: pixelated; background: #000; border-radius: 3px; }
#score figcaption { font-size: .75rem; overflow-wrap: anywhere; margin-top: .2rem; } #score figcaption small { display: block; }
#score h4 { font-size: .95rem; font-weight: 600; margin: .9rem 0 .4rem; }
@media (max-width: 40rem) { .tiles { grid-template-columns: repeat(4, minmax(0, 1fr)); } }
`;
