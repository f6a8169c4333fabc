import type { Markup } from "../../report/markup.ts";
import { formula, fraction, index, indexPower, power, radical, row, sum } from "./formula.ts";
import { PUBLISHED } from "./published.ts";

/** What a section says beside its picture. */
export interface Chapter {
  /** Its name in ids of the page. */
  readonly name: string;
  readonly title: string;
  readonly paragraph: string;
  readonly formula: Markup;
  /** A mistake that is often made, and what is right. */
  readonly correction: string;
}

const { autoEncoder, realImages } = PUBLISHED;
const normal = (x: string | Markup, mean: string | Markup, covariance: string | Markup): Markup =>
  row("N(", x, ";", mean, ",", covariance, ")");

/** The chapters by name, in the order of the page. */
export const STORY = {
  point: {
    name: "point",
    title: "An image is a point",
    paragraph:
      "A digit of 28 × 28 pixels is 784 numbers, and so one point in a space of 784 axes, of which you see two. Each dot is one of 1,024 test digits; the ring is the digit beside it. If pixels were independent, one would say nothing of another, but near ones are bright together, and some far ones exclude each other. Which points are likely, and which are not, is the distribution p(x) that every model looks for.",
    formula: formula(
      row("p(x)=p(", index("x", "1"), ",", index("x", "2"), ",…,", index("x", "784"), ")"),
      row("≠p(", index("x", "1"), ")p(", index("x", "2"), ")⋯p(", index("x", "784"), ")"),
    ),
    correction:
      "p(x) is a density, not a probability, and may be above 1. A test set is judged by the mean of its log p(x), in nats per image, and not by a product of probabilities.",
  },
  gaussian: {
    name: "gaussian",
    title: "One Gaussian",
    paragraph:
      "A Gaussian knows the mean of each pixel and the covariance of each pair, and nothing else. Its covariance has 784 directions v with variances λ, the spectrum; a sample is the mean plus an independent normal amount ε of each direction, here of the first k. That is why it blurs: amounts are symmetric and independent, so all third moments are 0, and “this stroke or that one” cannot be said. It draws everything in between, as the mean of two shifted strokes is both of them at half strength.",
    formula: formula(row("x=μ+", sum("i=1", "k"), radical(index("λ", "i")), index("ε", "i"), index("v", "i"))),
    correction:
      "Some pixels of MNIST never change, so a full covariance of its images is singular and has no density. This Gaussian has one: 48 directions and a variance of its own for each pixel, fitted to 60,000 training images with each byte as (byte + noise)/256.",
  },
  mixture: {
    name: "mixture",
    title: "A mixture",
    paragraph:
      "A mixture first draws one of K Gaussians, with probabilities π, and then a point from it: now “this or that” can be said. The colour of a point mixes those of the components by their responsibilities r, the probability that each of them drew it. A step of EM takes these, then gives each component the weight, mean and covariance of the points it is responsible for. The log-likelihood rises with each step, towards a maximum that depends on where the means began.",
    formula: formula(
      row(
        index("r", "ik"),
        "=",
        fraction(
          row(index("π", "k"), normal(index("x", "i"), index("μ", "k"), index("Σ", "k"))),
          row(sum("j"), index("π", "j"), normal(index("x", "i"), index("μ", "j"), index("Σ", "j"))),
        ),
      ),
    ),
    correction:
      "K is the number of components, not of samples. It is chosen, by a criterion or by data set apart, and not learnt; and EM finds a local maximum only: put two means into one cluster and go on.",
  },
  dial: {
    name: "dial",
    title: "An auto-encoder and a VAE",
    paragraph:
      "A VAE encodes an image as a normal distribution of codes, with means m and deviations s, and decodes draws of it. Less noise brings the image back better; more noise makes the code cheaper, as KL counts what it tells beyond N(0, I). The dial multiplies every s by t; both terms are in nats per image. With β = 4 before KL, as this VAE was trained, the sum is smallest near t = 1, and near ½ with β = 1, which makes it the bound.",
    formula: formula(
      row("−ln p(x)≤E[−ln p(x∣z)]+KL"),
      row(
        "KL=",
        fraction("1", "2"),
        sum("j"),
        "(",
        indexPower("m", "j", "2"),
        "+",
        power("t", "2"),
        indexPower("s", "j", "2"),
        "−1−ln",
        power("t", "2"),
        indexPower("s", "j", "2"),
        ")",
      ),
    ),
    correction: `A plain auto-encoder has no distribution of codes, so decoding draws of N(0, I) does not sample from it; a density fitted to its codes makes a model of it. In our table its Fréchet distance is ${autoEncoder.prior} with codes of N(0, I), and ${autoEncoder.mixture} with those of ten Gaussians (bench/results/family.md). And KL needs its ½, its sum and its sign: 1 + ln s² − m² − s² alone has its maximum, 0, at N(0, I).`,
  },
  scores: {
    name: "scores",
    title: "Scores",
    paragraph:
      "A score compares two sets of images by what a network says of them. The Fréchet distance takes the means m and deviations s of both, as if both were Gaussian; here an image is one number. Two humps with the mean and deviation of a Gaussian are at distance 0 from it, whatever they look like. From few images it comes out too large, by about 3s²/n for n draws of each of two equal laws, and by more with every further number.",
    formula: formula(
      row(
        power("d", "2"),
        "=",
        power(row("(", index("m", "1"), "−", index("m", "2"), ")"), "2"),
        "+",
        power(row("(", index("s", "1"), "−", index("s", "2"), ")"), "2"),
      ),
    ),
    correction: `What tables call the Fréchet distance is its square, and FID only if the network is FID's Inception. In our report real test digits are at ${realImages.distance} from real training digits, with ${realImages.n.toLocaleString("en")} images; without the bias, between ${realImages.interval.join(" and ")} (bench/results/report.json). What each measure misses stands in the table of Score and in bench/results/sanity.md.`,
  },
} as const satisfies { readonly [name: string]: Chapter };
