# Every measure at 64 and 784 features, 201 against 173 rows, in float64: writes wide.json.  numpy 1.24, scipy 1.10, scikit-learn 1.2, torch 1.13 (Debian 12)
#
# Data come from a formula (wide.ts has the same): whole multiples of 2^-15, exact in float32.
import json
import numpy as np
import torch
from scipy import integrate, linalg, optimize, signal, spatial, special, stats
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import KernelDensity, KNeighborsClassifier, NearestNeighbors

N, M, T = 201, 173, 87


def uniform(name, n):
    """n numbers in [-1/2, 1/2): FNV-1a of the name, mixed with the index."""
    h = 2166136261
    for byte in name.encode():
        h = ((h ^ byte) * 16777619) % 2**32
    x = (h + np.arange(n, dtype=np.uint64) * np.uint64(2654435761)) % 2**32
    x = ((x ^ (x >> np.uint64(16))) * np.uint64(0x7FEB352D)) % 2**32
    x = ((x ^ (x >> np.uint64(15))) * np.uint64(0x846CA68B)) % 2**32
    return ((x ^ (x >> np.uint64(16))) >> np.uint64(8)) / 16777216 - 0.5


def grid(name, *shape):
    return (np.floor(uniform(name, int(np.prod(shape))) * 4096) / 4096).reshape(shape)


def rows(name, n, d, shift=0.0):
    """Three factors and noise: neighbours are near, as in features."""
    return grid(name + " factors", n, 3)[:, np.arange(d) % 3] + shift + grid(f"{name} noise {d}", n, d) / 8


def softmax(name, n, classes):
    return special.softmax(6 * uniform(f"{name} {classes}", n * classes).reshape(n, classes), axis=1)


def radii(x, k):
    return NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(x).kneighbors(x)[0][:, k]


def frechet(a, b):
    s1, s2 = np.cov(a.T), np.cov(b.T)
    if min(len(a), len(b)) > a.shape[1]:
        root = np.trace(linalg.sqrtm(s1 @ s2)).real
    else:
        half = lambda x: (x - x.mean(0)) / np.sqrt(len(x) - 1)
        root = linalg.svdvals(half(a) @ half(b).T).sum()
    mean = ((a.mean(0) - b.mean(0)) ** 2).sum()
    return dict(value=mean + np.trace(s1) + np.trace(s2) - 2 * root, meanTerm=mean, traces=np.trace(s1) + np.trace(s2))


def frechet_loss(a, b):
    """By autograd of singular values."""
    x = torch.tensor(b, requires_grad=True)
    centred = (a - a.mean(0)) / np.sqrt(len(a) - 1)
    factor = torch.tensor(linalg.svd(centred, full_matrices=False)[2].T * linalg.svdvals(centred))[:, : min(len(a) - 1, a.shape[1])]
    half = (x - x.mean(0)) / np.sqrt(len(b) - 1)
    loss = ((x.mean(0) - torch.tensor(a.mean(0))) ** 2).sum() + (half**2).sum() + (factor**2).sum() - 2 * torch.linalg.svdvals(half @ factor).sum()
    loss.backward()
    return dict(value=loss.item(), norm=x.grad.norm().item(), first=x.grad[0, :5].tolist())


def mmd(a, b, kernel):
    x, y, c = kernel(a, a), kernel(b, b), kernel(a, b)
    n, m = len(a), len(b)
    return dict(
        unbiased=(x.sum() - np.trace(x)) / (n * (n - 1)) + (y.sum() - np.trace(y)) / (m * (m - 1)) - 2 * c.mean(),
        biased=x.mean() + y.mean() - 2 * c.mean(),
    )


rbf = lambda s: lambda a, b: np.exp(-spatial.distance.cdist(a, b, "sqeuclidean") / (2 * s * s))


def wasserstein(a, b):
    """Squared, of two samples on a line: quantile functions on the union of their steps."""
    ends = np.unique(np.concatenate([np.arange(1, len(a) + 1) / len(a), np.arange(1, len(b) + 1) / len(b)]).round(12))
    middle = ends - np.diff(np.concatenate([[0], ends])) / 2
    at = lambda x: np.sort(x)[np.minimum((middle * len(x)).astype(int), len(x) - 1)]
    return ((at(a) - at(b)) ** 2 * np.diff(np.concatenate([[0], ends]))).sum()


def neighbours(a, b):
    d = spatial.distance.cdist(a, b)
    r3, g3, r5 = radii(a, 3), radii(b, 3), radii(a, 5)
    out = dict(precisionRecall=dict(precision=(d <= r3[:, None]).any(0).mean(), recall=(d <= g3[None]).any(1).mean()))
    inside = d <= r5[:, None]
    out["densityCoverage"] = dict(density=inside.sum() / (5 * M), coverage=inside.any(1).mean())
    limit = np.minimum(r5, np.median(r5))
    near = NearestNeighbors(n_neighbors=6, algorithm="brute").fit(a).kneighbors(a)
    own = np.zeros(N)
    for i in range(N):
        for dist, j in zip(near[0][i, 1:], near[1][i, 1:]):
            own[j] += dist <= limit[i]
    clip = lambda counts: np.minimum(counts / 5, 1).mean()
    y = clip((d < r5[:, None]).sum(1))
    f = [0.0 if s < 5 else (np.minimum(np.arange(s + 1), 5) / 5 * stats.betabinom(s, 5, N - 5).pmf(np.arange(s + 1))).sum() for s in range(M + 1)]
    out["clippedDensityCoverage"] = dict(density=min(1, clip((d <= limit[:, None]).sum(0)) / clip(own)), coverage=sum(v < y for v in f) / (M + 1), coverageRaw=y)
    keep = r3 <= np.median(r3)
    out["realism"] = dict(value=np.median((r3[keep, None] / d[keep]).max(0)))
    rare = np.where(d <= r3[:, None], r3[:, None], np.inf).min(0)
    out["rarity"] = dict(value=np.median(rare[np.isfinite(rare)]), outside=np.isinf(rare).mean())
    h, c = 1.5 * np.median(d), (0.3, 0.35)
    kernel = lambda x, z: np.where(spatial.distance.cdist(x, z) < h, np.cos(np.pi / 2 * spatial.distance.cdist(x, z) / h), 0).mean(0)
    real, made = kernel(b, b) > c[1], kernel(a, b) > c[0]
    real2, made2 = kernel(a, a) > c[0], kernel(b, a) > c[1]
    out["topologicalPrecisionRecall"] = dict(bandwidth=h, precision=(real & made).sum() / real.sum(), recall=(real2 & made2).sum() / real2.sum())
    r1 = radii(a, 1)
    alpha = np.arange(30) / 29
    ip = lambda ref, values, ok: 1 - 2 / 29 * sum(abs(t - ((values <= np.quantile(ref, t)) & ok).mean()) for t in alpha)
    centre, middle = np.linalg.norm(a - a.mean(0), axis=1), np.linalg.norm(b - b.mean(0), axis=1)[d.argmin(1)]
    auth = (d.min(0) > r1[d.argmin(0)]).mean()
    out["authenticity"] = dict(authenticity=auth, alphaPrecision=ip(centre, np.linalg.norm(b - a.mean(0), axis=1), True), betaRecall=ip(middle, middle, d.min(1) <= r1))
    return out


def nearest_test(a, b):
    pool, n, m = np.concatenate([a, b]), N, M
    labels = np.arange(n + m) < n
    near = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(pool).kneighbors(pool)[1][:, 1]
    accuracy = (labels == labels[near]).mean()
    # covariance of hits under relabelling, over all pairs of rows by how many rows they share
    t = n + m
    p = {2: (n * (n - 1) + m * (m - 1)) / (t * (t - 1))}
    fall = lambda x, k: np.prod([x - i for i in range(k)])
    p[3] = (fall(n, 3) + fall(m, 3)) / fall(t, 3)
    p[4] = (fall(n, 4) + fall(m, 4) + 2 * fall(n, 2) * fall(m, 2)) / fall(t, 4)
    second = sum(p[len({i, near[i], j, near[j]})] for i in range(t) for j in range(t))
    z = (accuracy * t - t * p[2]) / np.sqrt(second - (t * p[2]) ** 2)
    return dict(accuracy=accuracy, expected=p[2], z=z, p=stats.norm.sf(z))


def spectra(a, b, d):
    unit = b / np.linalg.norm(b, axis=1, keepdims=True)
    entropy = lambda v: np.exp(-(v[v > 1e-12] * np.log(v[v > 1e-12])).sum())
    vendi = linalg.eigvalsh(unit @ unit.T / M)
    k = rbf(1.5)(b, b) / M
    omega = grid("frequencies", d, 16) / np.sqrt(d / 16)
    angles = b @ omega
    phi = np.concatenate([np.cos(angles), np.sin(angles)], 1) / 4
    fourier = linalg.eigvalsh(phi.T @ phi / M)
    top, side = rbf(1.5)(b, b) / M, rbf(1.5)(b, a) / np.sqrt(M * N)
    values = linalg.eigvals(np.block([[top, side], [-side.T, -rbf(1.5)(a, a) / N]])).real
    values = values[values > 1e-7]
    return dict(
        vendiScore={"1": entropy(vendi), "inf": 1 / vendi.max()},
        renyiKernelEntropy=dict(rke=1 / (k**2).sum(), vendi=entropy(linalg.eigvalsh(k))),
        fourierVendi=dict(vendi=entropy(fourier), rke=1 / (fourier**2).sum()),
        kernelEntropyNovelty=dict(value=(values * np.log(values.sum() / values)).sum(), positiveSum=values.sum()),
    )


def cosine(a, b, h):
    """Log-densities of the cosine kernel, its constant by quadrature: scikit-learn's is NaN in 64 dimensions."""
    d = a.shape[1]
    u = spatial.distance.cdist(b, a) / h
    integral = integrate.quad(lambda r: r ** (d - 1) * np.cos(np.pi * r / 2), 0, 1, epsabs=0, epsrel=1e-12)[0]
    surface = np.log(2) + d / 2 * np.log(np.pi) - special.gammaln(d / 2)
    return np.log(np.where(u < 1, np.cos(np.pi / 2 * u), 0).mean(1)) - np.log(integral) - surface - d * np.log(h)


def densities(a, b, d, held):
    """Likelihoods of b and of held-out rows."""
    out = {}
    for kernel, h in dict(gaussian=0.4, exponential=0.4, tophat=9.0, epanechnikov=9.0, linear=9.0, cosine=9.0).items():
        if d > 64 and kernel not in ("gaussian", "exponential"):
            continue
        width = h * (d / 64) ** 0.5
        logs = KernelDensity(bandwidth=width, kernel=kernel, leaf_size=1000).fit(a).score_samples(b) if kernel != "cosine" else cosine(a, b, width)
        out[f"parzen {kernel}"] = dict(value=logs.mean())
    sigma = np.cov(a.T, ddof=0) + 0.01 * np.eye(d)
    logs = stats.multivariate_normal(a.mean(0), sigma).logpdf(b)
    out["gaussianFit"] = dict(value=logs.mean(), bitsPerDim=-logs.mean() / d / np.log(2) + np.log2(255))
    logs = stats.multivariate_normal(np.zeros(d), np.eye(d)).logpdf(b)
    out["logLikelihood"] = dict(value=logs.mean(), deviation=logs.std(ddof=1) / np.sqrt(M))
    other = stats.multivariate_normal(np.zeros(d), 2 * np.eye(d)).logpdf(b)
    v = logs - other
    interval = stats.t.interval(0.95, M - 1, v.mean(), stats.sem(v))
    out["compareLikelihoods"] = dict(value=v.mean(), skewness=stats.skew(v), intervalT=list(interval))
    h = 0.5 * (d / 64) ** 0.5
    kde = KernelDensity(bandwidth=h, leaf_size=1000).fit(b)
    at = kde.score_samples(a)
    threshold = np.quantile(kde.score_samples(b), 0.05)
    out["coverageMetric"] = dict(value=(at > threshold).mean(), threshold=threshold, meanLogLikelihood=at.mean())
    test = held
    scale = lambda x: (x - test.mean(0)) / test.std(0, ddof=1)
    squares = spatial.distance.cdist(scale(test), scale(b), "sqeuclidean")
    variances = grid("log variances", M)
    logs = special.logsumexp(-squares / (2 * np.exp(variances)) - d / 2 * variances, axis=1) - np.log(M) - d / 2 * np.log(2 * np.pi)
    out["featureLikelihoodDivergence"] = dict(nllPerDimension=-logs.mean() / d)
    l = lambda x: spatial.distance.cdist(x, a).min(1)
    u = stats.mannwhitneyu(l(b), l(held)).statistic
    d_ = spatial.distance.cdist(b, a)
    rate = (d_.min(1) <= radii(a, 1)[d_.argmin(1)]).mean()
    out["memorisation"] = dict(statistic=(u - (T * M / 2 - 0.5)) / np.sqrt(T * M * (T + M + 1) / 12), rate=rate)
    return out


def classes(c):
    p, train = softmax("classes", N, c), softmax("train", M, c).mean(0)
    mean = p.mean(0)
    kl = stats.entropy(p, mean, axis=1).mean() if False else (special.rel_entr(p, mean)).sum(1).mean()
    pairs = (p * np.log(p)).sum(1)[:, None] - p @ np.log(p).T
    label = p.argmax(1)
    within = [np.exp(pairs[np.ix_(label == k, label == k)].mean()) for k in np.unique(label)]
    return dict(
        classScore=dict(value=np.exp(kl)),
        modeScore=dict(value=np.exp(kl - special.rel_entr(mean, train).sum())),
        amScore=dict(value=special.rel_entr(train, mean).sum() + stats.entropy(p, axis=1).mean()),
        modifiedClassScore=dict(value=np.mean(within), modifiedAllPairs=np.exp(pairs.mean())),
    )


def labelled(a, b, d):
    real, made = grid("real factors", N, 3).argmax(1), grid("generated factors", M, 3).argmax(1)

    def loss(w):
        w = w.reshape(d + 1, 3)
        logits = b @ w[:d] + w[d]
        value = (special.logsumexp(logits, axis=1) - logits[np.arange(M), made]).mean() + 0.005 * (w[:d] ** 2).sum()
        p = (special.softmax(logits, axis=1) - np.eye(3)[made]) / M
        return value, np.concatenate([b.T @ p + 0.01 * w[:d], p.sum(0)[None]]).ravel()

    found = optimize.minimize(loss, np.zeros(3 * (d + 1)), jac=True, method="L-BFGS-B", options=dict(maxiter=5000, ftol=1e-15, gtol=1e-9))
    w = found.x.reshape(d + 1, 3)
    from sklearn.neighbors import NearestCentroid

    return dict(classificationPerformance=dict(value=((a @ w[:d] + w[d]).argmax(1) == real).mean(), logisticLoss=found.fun, trainOnGenerated=NearestCentroid().fit(b, made).score(a, real)))


def pixels(a, b, side):
    """a and b: the first 173 images of both sets in pairs, pixels less or more than 0 … 1."""
    x, y = a[:M].reshape(M, side, side), b.reshape(M, side, side)
    out = {}
    window = np.exp(-((np.arange(11) - 5) ** 2) / 4.5)
    window = np.outer(window, window) / window.sum() ** 2
    local = lambda image: signal.correlate2d(image, window, mode="valid")

    def similarity(p, q):
        mp, mq = local(p), local(q)
        vp, vq, both = local(p * p) - mp**2, local(q * q) - mq**2, local(p * q) - mp * mq
        structure = (2 * both + 0.0009) / (vp + vq + 0.0009)
        return ((2 * mp * mq + 0.0001) / (mp**2 + mq**2 + 0.0001) * structure).mean(), structure.mean()

    if side >= 11:
        full = [similarity(p, q)[0] for p, q in zip(x, y)]
        out["ssim"] = dict(value=np.mean(full))
    error = ((x - y) ** 2).mean((1, 2))
    out["psnr"] = dict(value=(10 * np.log10(1 / error)).mean())
    steps = lambda z: np.abs(np.diff(z, axis=1, prepend=z[:, :1])) + np.abs(np.diff(z, axis=2, prepend=z[:, :, :1]))
    out["sharpnessDifference"] = dict(value=(10 * np.log10(1 / np.abs(steps(x) - steps(y)).mean((1, 2)))).mean())
    f = np.fft.fftfreq(side)
    ring = np.floor(np.hypot(f[:, None], f[None]) * side + 0.5).astype(int)
    power = lambda z: np.array([(np.abs(np.fft.fft2(z)) ** 2 / side**2)[:, ring == k].mean() for k in range(side // 2 + 1)])
    real, made = power(a.reshape(N, side, side)), power(y)
    out["imageStatistics"] = dict(value=np.sqrt((np.log10(real[1:] / made[1:]) ** 2).mean()), kurtosis=stats.kurtosis(y.mean((1, 2))), skewness=stats.skew(y.std((1, 2))))

    def packets(z, level):
        bands = [z]
        for _ in range(level):
            bands = [
                (p[:, 0::2, 0::2] + s * p[:, 0::2, 1::2] + t * p[:, 1::2, 0::2] + s * t * p[:, 1::2, 1::2]) / 2
                for p in bands
                for t, s in ((1, 1), (-1, 1), (1, -1), (-1, -1))
            ]
        return [p.reshape(len(p), -1) for p in bands]

    distances = [frechet(p, q)["value"] for p, q in zip(packets(a.reshape(N, side, side), 2), packets(y, 2))]
    out["waveletFrechetDistance"] = dict(value=np.mean(distances), largest=max(distances))
    return out


def case(d):
    a, b, held = rows("real", N, d), rows("generated", M, d, 0.125), rows("held out", T, d)
    directions = grid(f"directions {d}", 5, d) / np.sqrt(d / 16)
    squares = [wasserstein(a @ u, b @ u) for u in directions]
    centres = a[:5]
    cell = lambda x: np.bincount(pairwise_distances(x, centres).argmin(1), minlength=5)
    p, q = cell(a), cell(b)
    pooled = (p + q) / (N + M)
    z = (p / N - q / M) / np.sqrt(pooled * (1 - pooled) * (1 / N + 1 / M))
    unit = lambda x: x / np.linalg.norm(x, axis=1, keepdims=True)
    closeness = (1 - np.abs(unit(b) @ unit(a).T)).min(1).mean()
    fd = frechet(a, b)
    near = pairwise_distances(b)[np.triu_indices(M, 1)]
    sizes = [61, 101, M]
    values = [frechet(a, b[:n])["value"] for n in sizes]
    slope, intercept = np.polyfit(1 / np.array(sizes), values, 1)
    out = dict(
        frechetDistance=fd,
        frechetDistanceInfinity=dict(values=values, value=intercept, slope=slope),
        frechetLoss=frechet_loss(a, b),
        mifid=dict(value=fd["value"] / (closeness if closeness < 0.1 else 1), distance=closeness),
        kernelDistance=mmd(a, b, lambda x, y: (x @ y.T / d + 1) ** 3),
        **{"kernelDistance rbf": mmd(a, b, rbf(1.5))},
        slicedWasserstein=dict(value=np.sqrt(np.mean(squares))),
        mind=dict(value=3 * d * np.mean(squares)),
        **neighbours(a, b),
        ndb=dict(value=int((2 * stats.norm.sf(np.abs(z)) < 0.05).sum()), jensenShannon=spatial.distance.jensenshannon(p / N, q / M) ** 2, z=z.tolist()),
        nearestNeighbourTest=nearest_test(a, b),
        classifierTest=dict(z=(124 / 201 - 0.5) / np.sqrt(1 / 804), pBinomial=stats.binom.sf(123, 201, 0.5)),
        birthdayParadox=dict(threshold=float(np.quantile(near, 0.01)), duplicatePairs=int((near <= np.quantile(near, 0.01)).sum())),
        detectionRate=dict(interval=list(stats.binomtest(int((b[:, 0] > 0.2).sum()), M).proportion_ci(method="wilson"))),
        **spectra(a, b, d),
        **densities(a, b, d, held),
        **classes(d),
        **labelled(a, b, d),
        **pixels(a, b, round(d**0.5)),
    )
    return out


with open(__file__.replace(".py", ".json"), "w") as file:
    json.dump({str(d): case(d) for d in (64, 784)}, file, indent=1, default=float)
    file.write("\n")
