// What public signatures mention, by the names that users' own signatures may take. A test says what is missing.
export type { Batch, DatasetOptions, DatasetSource } from "./data/dataset.ts";
export type { Draw, StreamName } from "./data/streams.ts";
export type { Download, Mnist, MnistFiles, MnistSplit } from "./data/mnist.ts";
export type { DeviceLoss } from "./device/device.ts";
export type { OpenOptions } from "./device/open.ts";
export type { DigitLayerOptions, DigitsOptions } from "./features/digits.ts";
export type { DigitLayers } from "./features/digitLayers.ts";
export type { ExtractOptions } from "./features/extract.ts";
export type { InceptionOptions } from "./features/inception.ts";
export type { MobileNet, MobileNetLoader, MobileNetOptions } from "./features/mobileNet.ts";
export type { FeatureNetwork, Preprocessing, ResizeRule } from "./features/network.ts";
export type { TinyFaceOptions } from "./features/tinyFace.ts";
export type { Box, Point } from "./features/boxes.ts";
export type { DetectorOptions } from "./features/detector.ts";
export type { Arrays, Joint, Total, WithNumber } from "./graph/dtype.ts";
export type { TensorMethods } from "./graph/tensor.ts";
export type { TensorOrNumber } from "./graph/tensor.ts";
export type { Conv2dOptions } from "./graph/ops/conv2d.ts";
export type { ConvTranspose2dOptions } from "./graph/ops/convTranspose2d.ts";
export type { LineOptions } from "./graph/ops/interpolation.ts";
export type { Triple } from "./graph/ops/conv3d.ts";
export type { Attributes } from "./graph/kernelOp.ts";
export type { Picked } from "./graph/ops/gather.ts";
export type { PoolOptions } from "./graph/ops/pool.ts";
export type { Axes, GeluOptions } from "./graph/options.ts";
export type { Padding, Pair } from "./graph/ops/window.ts";
export type { Runner } from "./graph/tensor.ts";
export type { RunnerOf } from "./graph/runner.ts";
export type { CovarianceOptions } from "./linalg/covariance.ts";
export type { Svd } from "./linalg/svd.ts";
export type { TriangularOptions } from "./linalg/triangular.ts";
export type { CallProgress, LongCall } from "./formats/call.ts";
export type { Rows, SampleArrays, Samples } from "./data/rows.ts";
export type { Annealable, AnnealedLikelihood } from "./metrics/ais.ts";
export type { Authenticity, AuthenticityOptions } from "./metrics/authenticity.ts";
export type { BirthdayOptions, BirthdayParadox } from "./metrics/birthdayParadox.ts";
export type { MomentsStream } from "./linalg/moments.ts";
export type { ClassScore, ClassScoreOptions } from "./metrics/classScore.ts";
export type {
  ClassificationOptions,
  ClassificationPerformance,
  ClassLabels,
} from "./metrics/classificationPerformance.ts";
export type { ClassifierTest, ClassifierTestOptions } from "./metrics/classifierTest.ts";
export type { Clipped, ClippedOptions } from "./metrics/clippedDensityCoverage.ts";
export type { CompareLikelihoods, CompareLikelihoodsOptions } from "./metrics/compareLikelihoods.ts";
export type { CoverageMetric, CoverageMetricOptions } from "./metrics/coverageMetric.ts";
export type { DensityCoverage, DensityCoverageOptions } from "./metrics/densityCoverage.ts";
export type { DetectionOptions, DetectionRate, Detector } from "./metrics/detectionRate.ts";
export type { Fld, FldOptions } from "./metrics/featureLikelihoodDivergence.ts";
export type { FourierVendi, FourierVendiOptions } from "./metrics/fourierVendi.ts";
export type { FrechetDistance, FrechetOptions } from "./metrics/frechet.ts";
export type { FrechetInfinity, FrechetInfinityOptions } from "./metrics/frechetInfinity.ts";
export type { GaussianFit, GaussianFitOptions } from "./metrics/gaussianFit.ts";
export type { FourMoments, ImageStatistics, ImageStatisticsOptions } from "./metrics/imageStatistics.ts";
export type { KernelDistance, KernelDistanceOptions } from "./metrics/kernelOptions.ts";
export type { Novelty, NoveltyOptions } from "./metrics/kernelEntropyNovelty.ts";
export type { Density, LogLikelihood, LogLikelihoodOptions } from "./metrics/logLikelihood.ts";
export type { MeasureFunction, MeasureOptions } from "./metrics/measure.ts";
export type { Memorisation, MemorisationOptions } from "./metrics/memorisation.ts";
export type { LinearProbe, LinearProbeOptions } from "./metrics/linearProbe.ts";
export type { Mifid, MifidOptions } from "./metrics/mifid.ts";
export type { AmScore, ModeScore, TrainClassOptions } from "./metrics/modeScore.ts";
export type { ModifiedClassScore, ModifiedClassScoreOptions } from "./metrics/modifiedClassScore.ts";
export type { Ndb, NdbOptions } from "./metrics/ndb.ts";
export type { Nearest } from "./metrics/nearest.ts";
export type { NearestNeighbourTest, NearestNeighbourTestOptions } from "./metrics/nearestNeighbourTest.ts";
export type { Block, PairOptions } from "./metrics/pairs.ts";
export type { Parzen, ParzenOptions } from "./metrics/parzen.ts";
export type { PrecisionRecall, PrecisionRecallOptions } from "./metrics/precisionRecall.ts";
export type { Decibels } from "./metrics/psnr.ts";
export type { HalvesOptions } from "./metrics/halves.ts";
export type { BallOptions, Rarity, Realism } from "./metrics/realism.ts";
export type { ReconstructionError, ReconstructionOptions } from "./metrics/reconstructionError.ts";
export type { RenyiKernelEntropy, RenyiOptions } from "./metrics/renyiKernelEntropy.ts";
export type { SampleSet } from "./metrics/sets.ts";
export type { Retrieval, RetrievalOptions } from "./metrics/retrieval.ts";
export type { Mind, MindOptions, SlicedOptions, SlicedWasserstein } from "./metrics/slicedWasserstein.ts";
export type { MsSsim, PairOfImagesOptions, Ssim } from "./metrics/ssim.ts";
export type { Measure } from "./metrics/stream.ts";
export type { TopologicalOptions, TopologicalPrecisionRecall } from "./metrics/topologicalPrecisionRecall.ts";
export type { Vendi, VendiOptions } from "./metrics/vendiScore.ts";
export type { WaveletDistance, WaveletOptions } from "./metrics/waveletFrechet.ts";
export type { Conditional, ConditionalOptions } from "./models/covariance/conditional.ts";
export type { CovarianceKind, CovarianceKind as MixtureKind, Tensors } from "./models/covariance/family.ts";
export type { Shrinkage } from "./models/covariance/shrinkage.ts";
export type { BayesianOptions } from "./models/bayesian/options.ts";
export type { BayesianKind } from "./models/bayesian/posterior.ts";
export type { FactorAnalysisOptions } from "./models/components/factorAnalysis.ts";
export type { PcaOptions } from "./models/components/pca.ts";
export type { GaussianKind, GaussianOptions } from "./models/gaussian/options.ts";
export type { DensityKernel } from "./models/kernelDensity/kernels.ts";
export type { KernelDensityOptions } from "./models/kernelDensity/kernelDensity.ts";
export type { KMeansOptions } from "./models/kmeans/options.ts";
export type { Missing, MissingCall } from "./models/observed.ts";
export type { Weights } from "./models/weights.ts";
export type { AggregateOptions, AggregatePosterior } from "./models/latent/aggregatePosterior.ts";
export type { TraverseOptions } from "./models/latent/walks.ts";
export type { Builder, Decoder, Encoder, WeightChange } from "./models/latent/builder.ts";
export type { Distribution, Likelihood, PixelDistribution, Posterior, Prior } from "./models/latent/distribution.ts";
export type { Categorical } from "./models/latent/categorical.ts";
export type { Quantised } from "./models/latent/codebook.ts";
export type { CodeOf } from "./models/latent/define.ts";
export type { FitOptions } from "./models/latent/fit.ts";
export type { Variance } from "./models/latent/likelihood/gaussian.ts";
export type { Gamma, GammaGradient } from "./models/latent/gamma.ts";
export type { LikelihoodName, LikelihoodOptions } from "./models/latent/likelihood/named.ts";
export type { Normal } from "./models/latent/normal.ts";
export type { Option, OptionTable, ValuesOf } from "./formats/options.ts";
export type { Features } from "./models/latent/perceptual.ts";
export type { Density as CodeDistribution } from "./models/latent/prior.ts";
export type {
  Code,
  Code as LatentCode,
  CodeDensity,
  FittedCodes,
  FurtherUpdate,
  Images,
  OptionsOf,
  Parts,
  Recipe,
  Settings,
} from "./models/latent/recipe.ts";
export type {
  Ais,
  AisOptions,
  DrawOptions,
  Elbo,
  ImageOptions,
  Labels,
  SampleOptions,
  TermsOptions,
} from "./models/latent/calls.ts";
export type { Image, NetworkOptions, NetworkSpec, OwnLayers, Standard } from "./models/latent/network.ts";
export type { Criterion, Selected, SelectOptions } from "./models/mixture/select.ts";
export type { MixtureOptions, MixtureStart, Numbers, WarmStart } from "./models/mixture/options.ts";
export type { AdamOptions } from "./nn/adam.ts";
export type { BatchNormOptions } from "./nn/batchNorm.ts";
export type { EpochRecord } from "./nn/checkpoint.ts";
export type { ConvolutionOptions, TransposedOptions } from "./nn/conv2d.ts";
export type { DropoutOptions } from "./nn/dropout.ts";
export type { Initialiser, Seed } from "./nn/initialise.ts";
export type { ForwardOptions, Step as LayerStep } from "./nn/layer.ts";
export type { LoadOptions } from "./nn/loadInto.ts";
export type { NormOptions } from "./nn/norms.ts";
export type { LinearOptions } from "./nn/linear.ts";
export type { ContextOptions, Objective, StepContext, Terms, Update } from "./nn/objective.ts";
export type {
  ClipOptions,
  Optimised,
  Optimiser,
  OptimiserOptions,
  ParameterGroup,
  UpdateOptions,
} from "./nn/optimiser.ts";
export type { CheckpointPlan, EarlyStopping, EpochEnd, Progress, TrainOptions } from "./nn/options.ts";
export type { Parameters } from "./nn/parameters.ts";
export type { Schedule } from "./nn/schedule.ts";
export type { SgdOptions } from "./nn/sgd.ts";
export type { Task, TaskUpdate, TrainResult } from "./nn/task.ts";
export type { TermValues } from "./nn/termHistory.ts";
export type { DTypeOf, Nested, TensorOptions, Values } from "./program/nested.ts";
export type { Canvas, FromImageOptions, GridOptions, Picture, Pictures } from "./program/pictures.ts";
export type { RepeatOptions } from "./program/program.ts";
export type { Scope } from "./program/scope.ts";
export type { Compiled } from "./program/body.ts";
export type { SelfTest, SelfTestResult } from "./program/selfTest.ts";
export type { PairDistances } from "./linalg/pairDistances.ts";
export type { LoadedDensity } from "./models/load.ts";
export type { MissingOption } from "./models/mixture/mixture.ts";
