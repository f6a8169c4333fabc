/** What the check of the arithmetic adds to the page's style. */
export const trustStyle = `
#trust .plots { max-width: 46rem; }
.errors .bound { stroke: var(--c1); stroke-width: 3; } .errors .within { fill: var(--c0); } .errors .past { fill: var(--c3); }
#trust .failed td, #trust .failed th { background: var(--mark); }
#trust .limits { columns: 2 20rem; padding: 0; list-style: none; max-width: none; font-size: .88rem; }
#trust .limits li { display: flex; justify-content: space-between; gap: 1rem; break-inside: avoid; border-bottom: 1px solid var(--rule); overflow-wrap: anywhere; }
`;
