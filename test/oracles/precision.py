# Mean precision (k = 3) of 100 rows of N(0, I) and 100 of N((1, 1), I) over 4,000 draws: prints it and its standard error.  numpy 1.24
import numpy as np

rng = np.random.default_rng(1)
squares = lambda a, b: ((a[:, None] - b[None]) ** 2).sum(-1)


def precision():
    a, b = rng.normal(size=(100, 2)), rng.normal(size=(100, 2)) + 1
    radii = np.sort(squares(a, a), axis=1)[:, 3]
    return (squares(a, b) <= radii[:, None]).any(0).mean()


values = [precision() for _ in range(4_000)]
print(np.mean(values), np.std(values) / len(values) ** 0.5)
