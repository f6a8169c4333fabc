import type { Report } from "../report.ts";
import { style } from "../style.ts";
import { h, html } from "./markup.ts";
import { codes, curves, definitions, facts, models, samples, scores, spectrum } from "./sections.ts";

/**
 * report.html as text: one file that loads nothing. Its policy allows data: pictures and this one style, no script.
 * Every string of the report is escaped. Throws on a picture that is no base64.
 */
export async function reportPage(report: Report): Promise<string> {
  const hash = await sha256(style);
  const policy = `default-src 'none'; img-src data:; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const title = "latentgpu: digits drawn from fitted distributions";
  const page = h(
    "html",
    { lang: "en" },
    h(
      "head",
      {},
      h("meta", { charset: "utf-8" }),
      h("meta", { "http-equiv": "Content-Security-Policy", content: policy }),
      h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
      h("title", {}, title),
      h("style", {}, style),
    ),
    h(
      "body",
      {},
      h(
        "header",
        { class: "top" },
        h("h1", {}, "Digits drawn from fitted distributions"),
        h(
          "p",
          { class: "lead" },
          "Images are points in a high-dimensional space. Each model below is a distribution over that space, fitted to MNIST on WebGPU, sampled, and scored.",
        ),
        facts(report),
      ),
      h(
        "main",
        {},
        scores(report),
        samples(report),
        codes(report),
        curves(report),
        spectrum(report),
        models(report),
        definitions(),
      ),
      h(
        "footer",
        {},
        "Made by ",
        h("code", {}, `npm run demo -- --preset ${report.preset} --seed ${report.seed}`),
        ". The same seed on the same adapter, driver and version gives the same numbers; report.json beside this file has all of them.",
      ),
    ),
  );
  return `<!doctype html>\n${html(page)}\n`;
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
