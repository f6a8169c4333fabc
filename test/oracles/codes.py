"""Precision@k, votes of neighbours and a linear probe by scikit-learn, in float64: /usr/bin/python3 test/oracles/codes.py"""

import json, pathlib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(4)
centres = rng.normal(size=(3, 4))


def drawn(n):
    labels = rng.integers(0, 3, n)
    return np.round((centres[labels] + 0.9 * rng.normal(size=(n, 4))) * 64) / 64, labels


(codes, labels), (queries, truth) = drawn(61), drawn(45)
found = NearestNeighbors(n_neighbors=5).fit(codes).kneighbors(queries, return_distance=False)
precision = (labels[found] == truth[:, None]).mean()
votes = KNeighborsClassifier(1).fit(codes, labels).score(queries, truth)
penalty = 1e-3
scaler = StandardScaler().fit(codes)
x, y = scaler.transform(codes), scaler.transform(queries)
model = LogisticRegression(C=1 / (2 * len(x) * penalty), tol=1e-12, max_iter=10_000).fit(x, labels)
p = model.predict_proba(x)
loss = -np.log(p[np.arange(len(x)), labels]).mean() + penalty * (model.coef_**2).sum()
pathlib.Path(__file__).with_suffix(".json").write_text(
    json.dumps(
        {
            "codes": codes.tolist(),
            "labels": labels.tolist(),
            "queries": queries.tolist(),
            "queryLabels": truth.tolist(),
            "precisionAt5": precision,
            "nearestAccuracy": votes,
            "penalty": penalty,
            "linearAccuracy": model.score(y, truth),
            "linearTrainAccuracy": model.score(x, labels),
            "linearLoss": loss,
        }
    )
    + "\n"
)
print(precision, votes, model.score(y, truth), loss)
