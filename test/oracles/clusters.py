"""Writes clusters.json: centres, components, factors and kernel densities of scikit-learn on its iris (test/oracles/iris.json has the rows).

    python3 test/oracles/clusters.py     scikit-learn, NumPy, all in float64
"""
import json
import os
import numpy as np
from scipy.integrate import quad
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA, FactorAnalysis
from sklearn.neighbors import KernelDensity

x, _ = load_iris(return_X_y=True)
start = x[[0, 50, 100]]
kmeans = KMeans(3, init=start, n_init=1, tol=1e-4).fit(x)
weights = 1.0 + np.arange(150) % 3
weighted = KMeans(3, init=start, n_init=1, tol=1e-4).fit(x, sample_weight=weights)
best = min(KMeans(8, n_init=50, random_state=s).fit(x).inertia_ for s in range(4))
# the third centre starts where no row is nearest to it
empty = KMeans(3, init=np.array([x[0], x[50], [90.0, 90, 90, 90]]), n_init=1, tol=1e-4).fit(x)
pca = PCA(2, svd_solver="full").fit(x)
white = PCA(2, whiten=True, svd_solver="full").fit(x)
# not iris, where the noise of a feature goes to zero and the likelihood has no maximum
random = np.random.default_rng(1)
mixed = np.round(random.normal(size=(80, 2)) @ random.normal(size=(2, 6)) + random.normal(size=(80, 6)), 2)
factors = FactorAnalysis(2, tol=1e-12, max_iter=20000, svd_method="lapack").fit(mixed)
codes = factors.transform(mixed[:6])
queries = np.vstack([x[::30], x[::40] + 0.3, [[4.0, 4, 4, 4]]])
kernels = ["gaussian", "tophat", "epanechnikov", "exponential", "linear", "cosine"]
kde = {k: KernelDensity(bandwidth=0.8, kernel=k, leaf_size=1000).fit(x).score_samples(queries) for k in kernels}
# scikit-learn's constant of the cosine kernel is wrong where the number of features is even: sums over samples, and the integral
integral = quad(lambda r: r**3 * np.cos(np.pi * r / 2), 0, 1)[0] * 2 * np.pi**2 * 0.8**4
u = np.linalg.norm(queries[:, None] - x[None], axis=2) / 0.8
with np.errstate(divide="ignore"):
    kde["cosine"] = np.log(np.where(u < 1, np.cos(np.pi * u / 2), 0).sum(1) / 150 / integral)
result = {
    "kmeans": {
        "start": start.tolist(),
        "centers": kmeans.cluster_centers_.tolist(),
        "inertia": float(kmeans.inertia_),
        "labels": kmeans.labels_.tolist(),
        "iterations": int(kmeans.n_iter_),
        "weighted": {"centers": weighted.cluster_centers_.tolist(), "inertia": float(weighted.inertia_)},
        "bestOfEight": float(best),
        "empty": float(empty.inertia_),
    },
    "pca": {
        "mean": pca.mean_.tolist(),
        "components": pca.components_.tolist(),
        "explainedVariance": pca.explained_variance_.tolist(),
        "ratio": pca.explained_variance_ratio_.tolist(),
        "noiseVariance": float(pca.noise_variance_),
        "codes": pca.transform(x[:6]).tolist(),
        "white": white.transform(x[:6]).tolist(),
        "restored": pca.inverse_transform(pca.transform(x[:6])).tolist(),
    },
    "factors": {
        "x": mixed.tolist(),
        "score": float(factors.score(mixed)),
        "scores": factors.score_samples(mixed[:6]).tolist(),
        "noiseVariance": factors.noise_variance_.tolist(),
        "inner": (codes @ codes.T).tolist(),
    },
    "kde": {"queries": queries.tolist(), **{k: [v if np.isfinite(v) else "-Infinity" for v in values] for k, values in kde.items()}},
    "scott": float(KernelDensity(bandwidth="scott").fit(x).bandwidth_),
    "silverman": float(KernelDensity(bandwidth="silverman").fit(x).bandwidth_),
}
with open(os.path.join(os.path.dirname(__file__), "clusters.json"), "w") as file:
    json.dump(result, file, indent=1)
    file.write("\n")
print(json.dumps({k: result[k] for k in ("scott", "silverman")}), result["kmeans"]["inertia"], result["kmeans"]["iterations"], result["kmeans"]["bestOfEight"], result["kmeans"]["empty"], result["factors"]["score"], result["factors"]["noiseVariance"])
