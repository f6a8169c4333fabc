// The reports that come with the page: bench/build.mjs puts them beside the engines.

import { parseReport, type Report } from "../report.ts";

/** Where the build puts the bench for the page. */
export const FOLDER = "/dist/bench/";

const textOf = async (file: string): Promise<string> => {
  const response = await fetch(`${FOLDER}${file}`);
  if (!response.ok) throw new Error(`${file} is not there (${response.status}).`);
  return response.text();
};

/** Loads all of them. Throws an Error that names what is missing or damaged. */
export async function committed(): Promise<Report[]> {
  const files = JSON.parse(await textOf("results.json")) as string[];
  return Promise.all(files.map(async (file) => parseReport(await textOf(`results/${file}`), file)));
}
