import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Writes report.json, a PNG per picture and report.html into `folder`: first beside it, then each is renamed into its place, so that
 * a file is there whole or not at all. Returns their names, report.html first.
 */
export function writeReport(folder, { report, html }) {
  const pictures = report.pictures.map(({ key }) => {
    if (!/^[a-z0-9-]+$/.test(key)) throw new Error(`demo: picture ${JSON.stringify(key)} cannot be a file name.`);
    return `${key}.png`;
  });
  const described = report.pictures.map(({ key, caption, width, height }, i) => {
    return { key, caption, width, height, file: pictures[i] };
  });
  const files = new Map([
    ...report.pictures.map(({ png }, i) => [pictures[i], Buffer.from(png, "base64")]),
    ["report.json", `${JSON.stringify({ ...report, pictures: described }, undefined, 2)}\n`],
    ["report.html", html],
  ]);
  mkdirSync(folder, { recursive: true });
  const beside = mkdtempSync(join(dirname(folder), ".latentgpu-"));
  try {
    for (const [name, content] of files) writeFileSync(join(beside, name), content);
    for (const name of files.keys()) renameSync(join(beside, name), join(folder, name));
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  return [...files.keys()].reverse();
}
