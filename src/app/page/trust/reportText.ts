/** A report as JSON, whose numbers are finite: an error that is not becomes "Infinity" or "NaN", where JSON alone would say null. */
export const reportText = (report: object): string =>
  `${JSON.stringify(report, (_, value: unknown) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value), 2)}\n`;
