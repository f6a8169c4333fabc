const width = 22;

const clock = (seconds) => {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

const bar = (share) => {
  const full = Math.round(share * width);
  return `[${"█".repeat(full)}${"░".repeat(width - full)}]`;
};

/**
 * Shows the job's events on `stream`: one line that is drawn anew where it is a terminal, and plain lines, at most one
 * every `pause` milliseconds, where it is a file or a pipe. Returns { show(event), clear() }.
 */
export function terminal(stream, { pause = 10_000, now = () => performance.now() } = {}) {
  let titles = new Map();
  let room = 0;
  let last = -Infinity;
  const clear = () => {
    if (stream.isTTY) stream.write("\r\x1b[2K");
  };
  const name = (stage) => (titles.get(stage) ?? stage).padEnd(room);

  function progress({ stage, step, total, status, eta, left, done }) {
    const share = total > 0 ? Math.min(1, step / total) : 0;
    const percent = `${String(Math.floor(100 * share)).padStart(3)} %`;
    const words = [status, eta === undefined ? "" : `${clock(eta)} to go`].filter(Boolean).join("  ");
    const whole = left === undefined ? "" : `all ${Math.floor(100 * done)} %, ${clock(left)} left`;
    if (stream.isTTY) {
      const columns = (stream.columns ?? 80) - 1;
      const line = `  ${name(stage)} ${bar(share)} ${percent}  ${words}${whole ? `  (${whole})` : ""}`;
      stream.write(`\r\x1b[2K${line.slice(0, columns)}`);
    } else if (now() - last >= pause) {
      last = now();
      stream.write(`  ${name(stage)} ${percent}  ${words}${whole ? `  (${whole})` : ""}\n`);
    }
  }

  function show(event) {
    if (event.kind === "start") {
      const { adapter, preset, seed, stages } = event;
      titles = new Map(stages.map(({ key, title }) => [key, title]));
      room = Math.max(...stages.map(({ title }) => title.length));
      const words = [adapter.vendor, adapter.architecture, adapter.description].filter(Boolean).join(", ");
      clear();
      stream.write(`adapter  ${words || "unnamed"}${adapter.software ? "   SOFTWARE, no GPU" : ""}\n`);
      stream.write(`preset   ${preset}, seed ${seed}\n`);
    } else if (event.kind === "progress") progress(event.progress);
    else if (event.kind === "done") {
      clear();
      last = now(); // the line of a finished stage is news enough
      stream.write(`✓ ${name(event.stage)} ${clock(event.seconds).padStart(6)}  ${event.result}`.trimEnd() + "\n");
    }
  }
  return { show, clear };
}
