/** What training adds to the page's style. */
export const trainStyle = `
#train .controls { max-width: none; }
.fields { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); gap: .6rem 1rem; margin: .6rem 0; align-items: start; }
.field { display: grid; gap: .15rem; min-width: 0; } .field label { font-size: .88rem; color: var(--soft); }
.field input, .field select { width: 100%; min-width: 0; } .field :disabled { opacity: .6; }
.field [aria-invalid] { border-color: var(--c1); }
.refusal { color: var(--c1); font-size: .82rem; overflow-wrap: anywhere; } .refusal:empty { display: none; }
#train .drop { padding: .8rem 1rem; margin: .6rem 0; display: flex; flex-wrap: wrap; gap: .5rem 1.2rem; align-items: center; }
#train .drop input { max-width: 100%; } #train input[type="file"] { border: 0; background: none; padding: .4rem 0; }
#train summary { color: var(--soft); }
.running { display: grid; grid-template-columns: minmax(8rem, 1fr) minmax(0, 2fr); gap: 1rem; align-items: center; font-size: .92rem; font-variant-numeric: tabular-nums; min-height: 1.6rem; }
.running progress { width: 100%; height: .55rem; accent-color: var(--focus); }
.views { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1.5rem; align-items: start; margin: 1rem 0; }
.views > div { display: grid; gap: 1.2rem; }
#train canvas { display: block; width: 100%; height: auto; background: #000; border-radius: 4px; }
#train .grid { image-rendering: pixelated; } #train-originals { margin-bottom: 4px; }
#train .scatter { aspect-ratio: 1; }
#train .legend { list-style: none; padding: 0; margin: .4rem 0 0; gap: .2rem .9rem; }
#train .legend i { width: .8rem; height: .8rem; border: 0; border-radius: 50%; vertical-align: -.08em; box-shadow: 0 0 0 1px var(--soft); margin-right: .3rem; }
#train .plots { grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); gap: 1rem; } #train .chart { min-width: 0; }
#train .plot figcaption { font-size: .92rem; font-variant-numeric: tabular-nums; }
@media (max-width: 52rem) { .views { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 40rem) { .fields { grid-template-columns: 1fr 1fr; } .running { grid-template-columns: 1fr; gap: .2rem; } }
`;
