"""Checks `gaussian.ppca` of iris.json, the greatest likelihood of a linear decoder with 2 codes and one noise variance, in two ways.

    python3 test/oracles/ppca.py     NumPy 2.4.6

Closed form (Tipping & Bishop 1999): W = U2 (L2 - s I)^1/2, s = mean of the eigenvalues left out. And by EM for W and s from a random
start, which knows nothing of eigenvectors.
"""
import json
import os
import numpy as np

oracle = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "iris.json")))
x = np.array(oracle["x"])
n, d = x.shape
centred = x - x.mean(0)
s = centred.T @ centred / n


def mean_log_likelihood(w, noise):
    c = w @ w.T + noise * np.eye(d)
    return -0.5 * (np.einsum("ni,ij,nj", centred, np.linalg.inv(c), centred) / n + np.linalg.slogdet(c)[1] + d * np.log(2 * np.pi))


values, vectors = np.linalg.eigh(s)
noise = values[:2].mean()
closed = noise, mean_log_likelihood(vectors[:, 2:] * np.sqrt(values[2:] - noise), noise)

w, noise = np.random.default_rng(0).standard_normal((d, 2)), 1.0
for _ in range(5000):
    m = np.linalg.inv(w.T @ w + noise * np.eye(2))
    sw = s @ w
    new = sw @ np.linalg.inv(noise * np.eye(2) + m @ w.T @ sw)
    noise = np.trace(s - sw @ m @ new.T) / d
    w = new
by_em = noise, mean_log_likelihood(w, noise)

for name, (variance, score) in {"iris.json": oracle["gaussian"]["ppca"], "closed form": closed, "EM": by_em}.items():
    print(f"{name:12} variance {variance:.12f}   mean log-likelihood {score:.12f}")
np.testing.assert_allclose([closed, by_em], [oracle["gaussian"]["ppca"]] * 2, rtol=1e-10)
