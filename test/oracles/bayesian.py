"""Writes bayesian.json: scikit-learn's BayesianGaussianMixture on its iris (rows in iris.json), from responsibilities that are given.

    python3 test/oracles/bayesian.py     scikit-learn, NumPy, float64
"""
import json
import os
import warnings
import numpy as np
from sklearn.datasets import load_iris
from sklearn.mixture import BayesianGaussianMixture

warnings.filterwarnings("ignore")
x, labels = load_iris(return_X_y=True)


# off the grid of the data, so that no row is as near to two of them
start = x[[0, 50, 100, 25]] + 0.0137 * np.outer([1, -2, 3, -1], [1, 2, -1, 3])


class Given(BayesianGaussianMixture):
    """Starts from one-hot responsibilities of the nearest start."""

    def _initialize_parameters(self, x, random_state, *_, **__):
        away = ((x[:, None] - start[None]) ** 2).sum(2)
        self._initialize(x, np.eye(4)[away.argmin(1)])


result = {"start": start.tolist()}
for prior in ["dirichlet_process", "dirichlet_distribution"]:
    for kind in ["full", "tied", "diag", "spherical"]:
        model = Given(n_components=4, covariance_type=kind, weight_concentration_prior_type=prior, tol=1e-9, max_iter=2000, reg_covar=1e-6).fit(x)
        once = Given(n_components=4, covariance_type=kind, weight_concentration_prior_type=prior, tol=0, max_iter=1, reg_covar=1e-6).fit(x)
        result[f"{prior} {kind}"] = {
            "bound": float(model.lower_bound_), "once": float(once.lower_bound_), "weights": model.weights_.tolist(),
            "means": model.means_.tolist(), "score": float(model.score(x)), "iterations": int(model.n_iter_),
            "covariances": np.asarray(model.covariances_).ravel().tolist(),
        }
        print(prior, kind, model.lower_bound_, once.lower_bound_, model.n_iter_, np.round(model.weights_, 3))
with open(os.path.join(os.path.dirname(__file__), "bayesian.json"), "w") as file:
    json.dump(result, file, indent=1)
    file.write("\n")
