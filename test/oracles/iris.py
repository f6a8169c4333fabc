"""Writes iris.json: the 150 x 4 measurements of scikit-learn's iris, and numbers that scikit-learn and SciPy give for them.

    python3 test/oracles/iris.py     scikit-learn 1.9.1, SciPy 1.17.1, NumPy 2.4.6
"""
import json
import os
import numpy as np
from scipy.linalg import sqrtm
from sklearn.covariance import OAS, LedoitWolf
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

x, labels = load_iris(return_X_y=True)
n, d = x.shape
mean = x.mean(0)
ml = np.cov(x.T, ddof=0)


def log_likelihood(sigma):
    gap = x - mean
    return float(-0.5 * (np.einsum("ni,ij,nj", gap, np.linalg.inv(sigma), gap) + n * np.linalg.slogdet(sigma)[1] + n * d * np.log(2 * np.pi)))


def frechet(a, b):
    s1, s2 = np.cov(a.T), np.cov(b.T)
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(s1 + s2 - 2 * np.real(sqrtm(s1 @ s2))))


def mixture(kind, weights, means, covariances, **options):
    inverse = np.linalg.inv(covariances) if kind in ("full", "tied") else 1 / np.asarray(covariances)
    model = GaussianMixture(3, covariance_type=kind, weights_init=weights, means_init=means, precisions_init=inverse, reg_covar=1e-6, **options)
    model.fit(x)
    return model


classes = [x[labels == k] for k in range(3)]
third = np.full(3, 1 / 3)
exact = {"tol": 1e-12, "max_iter": 5000}
own = mixture("full", third, np.stack([c.mean(0) for c in classes]), np.stack([np.cov(c.T, ddof=0) for c in classes]), **exact)
rows = x[[0, 50, 100]]
pooled = {
    "full": np.stack([ml] * 3),
    "tied": ml,
    "diag": np.stack([np.diag(ml)] * 3),
    "spherical": np.full(3, np.diag(ml).mean()),
}
starts = {}
for kind, covariances in pooled.items():
    model = mixture(kind, third, rows, covariances, **exact)
    once = mixture(kind, third, rows, covariances, tol=0, max_iter=1)
    starts[kind] = {
        "total": float(model.score(x) * n),
        "parameters": int(model._n_parameters()),
        "aic": float(model.aic(x)),
        "bic": float(model.bic(x)),
        "onceScore": float(once.score(x)),
        "onceBound": float(once.lower_bound_),
    }
lw, oas = LedoitWolf().fit(x), OAS().fit(x)
pca = PCA(2).fit(x)
values = np.linalg.eigvalsh(ml)
noise = values[:2].mean()
vectors = np.linalg.eigh(ml)[1]
ppca = vectors @ np.diag(np.r_[noise, noise, values[2:]]) @ vectors.T
result = {
    "x": x.tolist(),
    "gaussian": {
        "mean": mean.tolist(),
        "logDet": float(np.linalg.slogdet(ml)[1]),
        "total": log_likelihood(ml),
        "totalUnbiased": log_likelihood(np.cov(x.T)),
        "ledoitWolf": [float(lw.shrinkage_), float(lw.score(x))],
        "oas": [float(oas.shrinkage_), float(oas.score(x))],
        "ppca": [float(noise), log_likelihood(ppca) / n],
    },
    "mixture": {
        "total": float(own.score(x) * n),
        "aic": float(own.aic(x)),
        "bic": float(own.bic(x)),
        "weights": own.weights_.tolist(),
        "sizes": np.bincount(own.predict(x)).tolist(),
        "starts": starts,
    },
    "frechet": [frechet(classes[0], classes[1]), frechet(classes[0], classes[2]), frechet(classes[1], classes[2])],
    "eigenvalues": values.tolist(),
}
with open(os.path.join(os.path.dirname(__file__), "iris.json"), "w") as file:
    json.dump(result, file, indent=1)
    file.write("\n")
print({k: v for k, v in result.items() if k != "x"})
