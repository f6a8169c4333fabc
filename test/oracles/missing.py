"""Writes missing.json and missing-digits.json: Gaussians and mixtures fitted to iris (and digits) of which a fifth of the entries is missing at random, by exact EM in float64.

    python3 test/oracles/missing.py     NumPy; scikit-learn for the data alone
"""
import json
import os
import numpy as np
from sklearn.datasets import load_digits, load_iris


def expectations(x, means, covariances):
    """log N(x_o; ...) [n, k], rows with their expectation [n, k, d], and the covariance of what is missing [n, k, d, d]."""
    n, d = x.shape
    k = len(means)
    logs, filled, left = np.zeros((n, k)), np.zeros((n, k, d)), np.zeros((n, k, d, d))
    for i in range(n):
        o = ~np.isnan(x[i])
        for c in range(k):
            s, m = covariances[c], means[c]
            filled[i, c] = np.where(o, x[i], m)
            if not o.any():
                left[i, c] = s
                continue
            gap = x[i, o] - m[o]
            inner = np.linalg.inv(s[np.ix_(o, o)])
            logs[i, c] = -0.5 * (gap @ inner @ gap + np.linalg.slogdet(s[np.ix_(o, o)])[1] + o.sum() * np.log(2 * np.pi))
            across = s[np.ix_(~o, o)] @ inner
            filled[i, c, ~o] = m[~o] + across @ gap
            left[i, c][np.ix_(~o, ~o)] = s[np.ix_(~o, ~o)] - across @ s[np.ix_(o, ~o)]
    return logs, filled, left


def fitted(kind, scatter, shares, regularization):
    """Covariances of greatest likelihood given expected scatter [k, d, d] of each component."""
    k, d, _ = scatter.shape
    eye = np.eye(d)
    if kind == "full":
        return scatter + regularization * eye
    if kind == "tied":
        return np.stack([np.einsum("k,kij->ij", shares, scatter) + regularization * eye] * k)
    if kind == "diag":
        return np.stack([np.diag(np.diag(s) + regularization) for s in scatter])
    if kind == "spherical":
        return np.stack([(np.trace(s) / d + regularization) * eye for s in scatter])
    result = []
    for s in scatter:  # low-rank, one direction
        values, vectors = np.linalg.eigh(s)
        noise = values[:-1].mean()
        result.append(np.outer(vectors[:, -1], vectors[:, -1]) * (values[-1] - noise) + (noise + regularization) * eye)
    return np.stack(result)


def em(x, kind, weights, means, covariances, regularization, tolerance=1e-11, most=4000):
    before = -np.inf
    for iteration in range(most):
        logs, filled, left = expectations(x, means, covariances)
        joint = logs + np.log(weights)
        top = joint.max(1, keepdims=True)
        total = top[:, 0] + np.log(np.exp(joint - top).sum(1))
        level = total.mean()
        if level - before < tolerance:
            break
        before = level
        r = np.exp(joint - total[:, None])
        counts = r.sum(0)
        weights = counts / len(x)
        means = np.einsum("nk,nkd->kd", r, filled) / counts[:, None]
        gap = filled - means
        scatter = (np.einsum("nk,nki,nkj->kij", r, gap, gap) + np.einsum("nk,nkij->kij", r, left)) / counts[:, None, None]
        covariances = fitted(kind, scatter, weights, regularization)
    imputed = np.where(np.isnan(x), np.einsum("nk,nkd->nd", r, filled), x)
    return level, imputed, iteration


def removed(x, seed):
    mask = np.random.default_rng(seed).random(x.shape) < 0.2
    return np.where(mask, np.nan, x), mask


def errors(x, missing, mask, imputed):
    by_mean = np.where(mask, np.nanmean(missing, 0), x)
    return [float(np.sqrt(((a - x)[mask] ** 2).mean())) for a in (imputed, by_mean)]


def report(x, missing, mask, kind, regularization, weights, means, covariances, **options):
    level, imputed, iterations = em(missing, kind, weights, means, covariances, regularization, **options)
    print(kind, len(means), level, iterations, errors(x, missing, mask, imputed))
    return {"score": level, "errors": errors(x, missing, mask, imputed), "imputed": imputed[mask][:12].tolist()}


def of_iris():
    iris = load_iris().data
    missing, mask = removed(iris, 0)
    one = (np.ones(1), np.nanmean(missing, 0)[None], np.diag(np.nanvar(missing, 0))[None])
    result = {"iris": {"removed": np.flatnonzero(mask.ravel()).tolist(), "gaussian": {}, "mixture": {}}}
    start = {"weights": [0.5, 0.5], "means": iris[[0, 100]].tolist(), "variance": 1.0}
    result["iris"]["start"] = start
    two = (np.array(start["weights"]), iris[[0, 100]], np.stack([np.eye(4)] * 2))
    for kind in ["full", "diag", "spherical", "low-rank"]:
        result["iris"]["gaussian"][kind] = report(iris, missing, mask, kind, 0.0, *one)
    for kind in ["full", "tied", "diag", "spherical"]:
        result["iris"]["mixture"][kind] = report(iris, missing, mask, kind, 1e-6, *two)
    return result


digits = load_digits().data


def of_digits(rows):
    holes, mask = removed(digits[:rows], 1)
    start = (np.ones(1), np.nanmean(holes, 0)[None], np.diag(np.nanvar(holes, 0) + 1)[None])
    return {"rows": rows, "removed": np.flatnonzero(mask.ravel()).tolist(), "regularization": 0.5,
            **report(digits[:rows], holes, mask, "full", 0.5, *start, tolerance=1e-9, most=400)}


def write(name, found):
    with open(os.path.join(os.path.dirname(__file__), name), "w") as file:
        json.dump(found, file)
        file.write("\n")


write("missing.json", of_iris())
write("missing-digits.json", {**of_digits(120), "x": digits[:120].astype(int).ravel().tolist()})
