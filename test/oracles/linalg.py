"""Writes linalg.json: singular values, and gradients of the nuclear norm and of the matrix square root, in float64.

    python3 test/oracles/linalg.py     NumPy 2.4.6, SciPy 1.17.1

Each gradient is compared here with central differences. Matrices are multiples of 1/64, exact in float32.
"""
import json
import os
import numpy as np
from scipy.linalg import solve_sylvester, sqrtm

rng = np.random.default_rng(7)


def grid(*shape):
    return np.round(rng.standard_normal(shape) * 64) / 64


def slope(f, a, symmetric=False, step=1e-5):
    g = np.zeros_like(a)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            e = np.zeros_like(a)
            e[i, j] += step / (2 if symmetric else 1)
            if symmetric:
                e[j, i] += step / 2
            g[i, j] = (f(a + e) - f(a - e)) / (2 * step)
    return g


nuclear = []
for shape in [(5, 3), (3, 5), (4, 4)]:
    a = grid(*shape)
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    gradient = u @ vh
    np.testing.assert_allclose(gradient, slope(lambda x: np.linalg.svd(x)[1].sum(), a), atol=1e-7)
    nuclear.append({"a": a.tolist(), "values": s.tolist(), "norm": s.sum(), "gradient": gradient.tolist()})

roots = []
for n, smallest in [(3, 0.5), (6, 0.01), (12, 0.5)]:
    b = grid(n, n)
    a = np.round((b @ b.T / n + smallest * np.eye(n)) * 64) / 64
    weights = grid(n, n)
    root = sqrtm(a).real
    gradient = solve_sylvester(root, root, (weights + weights.T) / 2)
    np.testing.assert_allclose(gradient, slope(lambda x: (weights * sqrtm(x).real).sum(), a, True), atol=1e-6 * abs(gradient).max())
    roots.append({"a": a.tolist(), "weights": weights.tolist(), "root": root.tolist(), "gradient": gradient.tolist()})
    print(n, "condition", np.linalg.cond(a), "gradient up to", abs(gradient).max())

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "linalg.json")
json.dump({"nuclear": nuclear, "roots": roots}, open(path, "w"))
