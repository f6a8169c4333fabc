#!/usr/bin/env node
import { run } from "./run.ts";

const controller = new AbortController();
// the first interruption lets the command keep what is done; a second one ends the process
process.once("SIGINT", () => controller.abort(new Error("interrupted")));
process.once("SIGTERM", () => controller.abort(new Error("interrupted")));

const code = await run(process.argv.slice(2), { out: process.stdout, err: process.stderr, signal: controller.signal });
// Dawn's threads would keep the process; what was printed goes out first
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write("", done))));
process.exit(code);
