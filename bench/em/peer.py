"""EM of scikit-learn's GaussianMixture at given parameters: seconds of each iteration, and the mean log-likelihood before it.

    python3 peer.py request.json answer.json

Reads {iterations, wholeFit, case: {rows, features, components, covariance, rank}, files: {x, weights, means, ...}}, all files
float32, row by row. Writes {version, threads, float64: {...}, float32: {...}, logProb}. scikit-learn has no low-rank covariances: there
the log-likelihood alone is computed, in float64, and its full covariances are timed where `timesFull` says so.
"""

import json
import sys
from time import perf_counter

import numpy as np
import sklearn
from sklearn.mixture import GaussianMixture
from sklearn.mixture._gaussian_mixture import _compute_precision_cholesky

REGULARIZATION = 1e-6


def course(x, kind, weights, means, covariances, iterations):
    """Seconds of each iteration, and what the mean log-likelihood was before it. One more comes first, which pages the rows in."""
    model = GaussianMixture(len(weights), covariance_type=kind, reg_covar=REGULARIZATION)
    model.weights_, model.means_, model.covariances_ = (np.asarray(v, x.dtype) for v in (weights, means, covariances))
    model.precisions_cholesky_ = _compute_precision_cholesky(model.covariances_, kind)
    seconds, levels = [], []
    for _ in range(iterations + 1):
        begun = perf_counter()
        level, logs = model._e_step(x)
        model._m_step(x, logs)
        seconds.append(perf_counter() - begun)
        levels.append(float(level))
    return {"seconds": seconds[1:], "logProb": levels}


def whole_fit(x, kind, components, iterations):
    """Seconds from nothing to the end, k-means++ included."""
    model = GaussianMixture(
        components, covariance_type=kind, reg_covar=REGULARIZATION, init_params="k-means++", tol=0, max_iter=iterations
    )
    begun = perf_counter()
    model.fit(x)
    return perf_counter() - begun


def log_prob_of_loadings(x, weights, means, loadings, noise):
    """Mean log p(x) in float64, of covariances W Wᵀ + noise · I."""
    n, d = x.shape
    parts = np.empty((n, len(weights)))
    for k, (mean, w, v) in enumerate(zip(means, loadings, noise)):
        inner = np.eye(w.shape[1]) + w.T @ w / v
        away = x - mean
        along = away @ w / v
        squares = (away**2).sum(1) / v - np.einsum("ni,ij,nj->n", along, np.linalg.inv(inner), along)
        log_det = d * np.log(v) + np.linalg.slogdet(inner)[1]
        parts[:, k] = np.log(weights[k]) - 0.5 * (squares + log_det + d * np.log(2 * np.pi))
    top = parts.max(1)
    return float((top + np.log(np.exp(parts - top[:, None]).sum(1))).mean())


def threads():
    try:
        from threadpoolctl import threadpool_info

        return max((pool["num_threads"] for pool in threadpool_info()), default=1)
    except ImportError:
        return 0


def main(asked, answered):
    with open(asked, encoding="utf-8") as file:
        request = json.load(file)
    case, iterations = request["case"], request["iterations"]
    n, d, k, rank = case["rows"], case["features"], case["components"], case["rank"]
    read = {name: np.fromfile(path, np.float32) for name, path in request["files"].items()}
    x, weights, means = read["x"].reshape(n, d), read["weights"], read["means"].reshape(k, d)
    kind = case["covariance"]
    answer = {"version": sklearn.__version__, "threads": threads()}
    if kind == "low-rank":
        loadings, noise = (read[name].astype(float) for name in ("loadings", "noise"))
        given = x.astype(float), weights.astype(float), means.astype(float), loadings.reshape(k, d, rank), noise
        answer["logProb"] = [log_prob_of_loadings(*given)]
        kind, covariances = "full", np.tile(1.5 * np.eye(d, dtype=np.float32), (k, 1, 1))
    else:
        covariances = read["covariances"].reshape((k, d, d) if kind == "full" else (k, d))
    if case["covariance"] != "low-rank" or request["timesFull"]:
        for dtype in ("float64", "float32"):
            rows = x.astype(dtype)
            answer[dtype] = course(rows, kind, weights, means, covariances, iterations)
            if request["wholeFit"]:
                answer[dtype]["fitSeconds"] = whole_fit(rows, kind, k, iterations)
        answer.setdefault("logProb", answer["float64"]["logProb"])
    with open(answered, "w", encoding="utf-8") as file:
        json.dump(answer, file)


main(*sys.argv[1:])
