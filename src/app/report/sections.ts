import { adapterWords } from "../command/adapterWords.ts";
import type { Curve, PictureReport, Report, Series, Spectrum } from "../report.ts";
import { chart, spectrumCharts } from "./chart.ts";
import { h, type Markup } from "./markup.ts";
import { factList } from "./scrolled.ts";
import { count, duration, htmlTable } from "./table.ts";

/** What ran where: the lines under the title. */
export function facts(report: Report): Markup {
  const { adapter, data, network } = report;
  const name = adapterWords(adapter) || "not named by the browser";
  const lines: [string, (string | Markup)[]][] = [
    ["adapter", [name, ...(adapter.software ? [" ", h("span", { class: "badge" }, "software adapter, no GPU")] : [])]],
    ["browser", [report.browser]],
    ["data", [`${data.name}: ${count(data.train)} training and ${count(data.test)} test images; ${data.pixels}`]],
    [
      "scored by",
      [
        `${network.name} (${network.checksum}), ${count(network.parameters)} parameters, ${network.features} features, right on ${(100 * network.accuracy).toFixed(2)} % of ${count(network.n)} test images`,
      ],
    ],
    [
      "run",
      [
        `preset ${report.preset}, seed ${report.seed}, ${duration(report.seconds)} in all, ${report.date.slice(0, 16).replace("T", " ")} UTC, latentgpu ${report.version}`,
      ],
    ],
  ];
  return factList(lines);
}

export function scores(report: Report): Markup {
  const { frechetDistance, precision } = report.floor;
  const scales = [...new Set(report.models.flatMap(({ logDensity }) => (logDensity ? [logDensity.scale] : [])))];
  const densities = report.models.flatMap(({ name, logDensity: d }) =>
    d
      ? [
          `${name}: ${d.value.toFixed(1)} nats on ${count(d.n)} test images (${d.bitsPerPixel.toFixed(2)} bits per pixel), ${d.train.toFixed(1)} on training images.`,
        ]
      : [],
  );
  const losses = report.models.flatMap(({ name, loss: l }) =>
    l?.kl === undefined
      ? []
      : [
          `${name}: ${l.value.toFixed(2)} = BCE ${l.reconstruction.toFixed(2)} + KL ${l.kl.toFixed(2)}, on ${count(l.n)} test images.`,
        ],
  );
  return h(
    "section",
    {},
    h("h2", {}, "Scores"),
    htmlTable(report),
    h(
      "p",
      { class: "note" },
      "↑ higher is better, ↓ lower is better. The floor is what real test images get, drawn from the whole test set: no model should expect to do better than that with as many samples.",
    ),
    h(
      "ul",
      { class: "note" },
      h("li", {}, `log p(x): mean log-density of test images, in nats per image. ${scales.join(" ")}`),
      densities.map((text) => h("li", {}, text)),
      h(
        "li",
        {},
        "BCE + KL, grey pixels: not a likelihood. It is the usual training loss; a Bernoulli has no density at grey values, so this column and log p(x) cannot be compared.",
      ),
      losses.map((text) => h("li", {}, text)),
      [
        `All further columns: ${report.network.name} features or class probabilities; the 95 % interval stands in brackets.`,
        `Fréchet: squared, ${count(frechetDistance.n)} samples against ${count(frechetDistance.referenceN!)} training images. It is not FID, which is defined on Inception-v3. Its interval leaves out the bias of few samples, which the value has, and may lie below it; so may the class score's lie above.`,
        `Kernel: squared maximum mean discrepancy with KID's polynomial kernel, ${count(precision.n)} samples against ${count(precision.referenceN!)} training images, as precision, recall and authenticity. No bias.`,
        "Class score: exp(mean KL(p(y|x) ‖ mean p(y))), between 1 and 10.",
        "Precision: share of samples within reach of real images; recall: share of real images within reach of samples (k = 3). Equal laws do not give 1: the floor shows what they give.",
        "Authentic: share of samples whose nearest training image is nearer to another training image than to them. Copies give 0, noise 1.",
      ].map((text) => h("li", {}, text)),
    ),
  );
}

/** A picture of the report; the bytes come from this package's own encoder, and nothing but base64 may stand there. */
export function picture({ key, png, width, height, caption }: PictureReport, kind = ""): Markup {
  if (!/^[A-Za-z0-9+/]+=*$/.test(png)) throw new Error(`report: picture ${key} is no base64.`);
  return h(
    "figure",
    { class: kind },
    h("img", { src: `data:image/png;base64,${png}`, width, height, alt: caption }),
    h("figcaption", {}, caption),
  );
}

const named = (report: Report, keys: RegExp, kind = ""): Markup[] =>
  report.pictures.filter(({ key }) => keys.test(key)).map((one) => picture(one, kind));

export function samples(report: Report): Markup {
  return h(
    "section",
    {},
    h("h2", {}, "Samples"),
    h(
      "p",
      {},
      "Every grid but the first was drawn from a fitted distribution, not chosen by hand. A Gaussian knows means and covariances only, so it draws blurred tangles of strokes; that is what the model can say, and no bug.",
    ),
    h("div", { class: "grids" }, named(report, /^(test|.*-samples)$/)),
    named(report, /-means$/, "wide"),
  );
}

export function codes(report: Report): Markup | null {
  const found = [...named(report, /-reconstructions$/, "wide"), ...named(report, /-interpolation$/, "wide")];
  return found.length ? h("section", {}, h("h2", {}, "Reconstructions and interpolation"), found) : null;
}

/** A curve as a chart. The steep beginning would press the rest flat: it is left out, and the text says so. */
export const curve = (one: Curve): Markup => chart({ ...one, series: one.series.map(withoutStart) });

/** Leading points above all that come after the first twentieth. */
function withoutStart({ points, ...one }: Series): Series {
  const later = points.slice(Math.ceil(points.length / 20)).map(([, y]) => y);
  const highest = Math.max(...later);
  const start = one.role === "train" && points.length >= 40 ? points.findIndex(([, y]) => y <= highest) : 0;
  return { ...one, points: points.slice(Math.max(0, start)) };
}

export function curves(report: Report): Markup {
  return h(
    "section",
    {},
    h("h2", {}, "Training"),
    h(
      "p",
      { class: "note" },
      "Training lines are means over the batches since the point before, while the parameters moved; the steep first twentieth is left out. Test points are means over all test images after each epoch.",
    ),
    h("div", { class: "plots" }, report.curves.map(curve)),
  );
}

export function spectrum(report: Report): Markup {
  return h(
    "section",
    {},
    h("h2", {}, "Why images are nearly low-rank"),
    h("p", {}, lowRank(report.spectrum)),
    h("div", { class: "plots" }, spectrumCharts(report.spectrum)),
    h("div", { class: "grids" }, named(report, /^directions$/)),
  );
}

function lowRank({ values, shares, constantPixels }: Spectrum): string {
  const parts = shares.map(({ share, directions }) => `${directions} for ${100 * share} %`).join(", ");
  return (
    `An image is a point in ${values.length} dimensions, but the digits fill few of them: of ${values.length} directions, ${parts} of the variance are enough. ` +
    `${constantPixels} pixels never change in the training images, so the maximum-likelihood covariance is singular and has no density; ` +
    "the Gaussian therefore gets noise within each grey level (uniform dequantisation) and a small constant on its diagonal. " +
    "A code of 20 numbers can do well because of this spectrum. It is the covariance of the data that is nearly low-rank; a single image as a matrix is another matter."
  );
}

const formulas: readonly (readonly [string, string])[] = [
  [
    "KL to the prior",
    "KL(N(μ, diag σ²) ‖ N(0, I)) = ½ Σ_j (μ_j² + σ_j² − 1 − ln σ_j²). The factor ½, the sign and the sum over latent dimensions all matter: 1 + ln σ² − μ² − σ² alone has its maximum, not its minimum, at the prior.",
  ],
  [
    "ELBO",
    "E_q ln p(x|z) − KL, a lower bound on ln p(x) only when the first term is a log-likelihood in nats and the KL has weight 1.",
  ],
  [
    "Class score",
    "exp(mean KL(p(y|x) ‖ p̄(y))) = exp(H(p̄) − mean H(p(y|x))), with p̄ the mean of p(y|x). The sum of the two entropies, which one also finds, would rank noise highest.",
  ],
  [
    "Fréchet distance",
    "‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½): the value reported everywhere is the squared distance. It is biased upwards for few samples, so n stands beside it, and the floor has the same n.",
  ],
  [
    "Log-density",
    "The mean of ln p(x) over test images; a product of densities underflows, and a density is not a probability: it changes with the pixel scale. A model that misses modes is punished hard; poor looks cost little.",
  ],
  [
    "Density estimates from samples",
    "One Gaussian fitted to samples is not a kernel density estimate. KDE (Parzen) is ln p(x) = logsumexp_i(−‖x − x_i‖²/2σ²) − ln N − D ln(σ√2π), with σ chosen on validation images. Neither is used in this table.",
  ],
];

export function definitions(): Markup {
  return h(
    "section",
    {},
    h("h2", {}, "What is computed"),
    h(
      "dl",
      { class: "formulas" },
      formulas.map(([term, text]) => h("div", {}, h("dt", {}, term), h("dd", {}, text))),
    ),
  );
}

export function models(report: Report): Markup {
  return h(
    "section",
    {},
    h("h2", {}, "Models"),
    h(
      "dl",
      { class: "formulas" },
      report.models.map(({ name, about }) => h("div", {}, h("dt", {}, name), h("dd", {}, about))),
    ),
  );
}
