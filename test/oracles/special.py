# What PyTorch gives, and its gradients, where floats end: writes special.json.  python3-torch 1.13.1 (Debian 12)
#
# Every function at every value (functions of two arguments at every pair), in float64 on float32 inputs, rounded to float32, and as float32 PyTorch
# has it where that differs, as its formulas may overflow or underflow between. Numbers of a row stand in one string.
import json
import numpy as np
import torch
import torch.nn.functional as F

INF, NAN = float("inf"), float("nan")
LARGEST, SMALLEST, SUBNORMAL = 3.4028234663852886e38, 2.0**-126, 1e-40
ENDS = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, LARGEST, -LARGEST, SMALLEST, -SMALLEST, SUBNORMAL, -SUBNORMAL]
ONE = ENDS + [0.5, -0.5, 1.5, 2.5, -2.5, 20.5, 88.5, 88.75, -87.2, -88.5, -100.0, 1e4, -1e4, 12870.0, 1e5, -1e10, 3e38, 1e-20, 1e20, -20.0]
TWO = ENDS + [0.5, 2.0, -3.0, 2.5, -1e10]
ROWS = [
    [-INF, -INF, -INF], [1.0, INF, 2.0], [NAN, 1.0, 2.0], [1.0, 2.0, NAN], [INF, INF, 1.0], [-INF, INF, 0.0], [LARGEST, LARGEST, 1.0],
    [0.0, -0.0, -0.0], [-INF, 1.0, 2.0], [SUBNORMAL, 0.0, -SUBNORMAL], [-LARGEST, -LARGEST, -LARGEST], [LARGEST, -LARGEST, 0.0],
    [1e7, 1e7 + 1, 1e7], [1e4, 10001.0, 10002.0], [3.0, 3.0, 1.0], [INF, NAN, -INF],
]

unary = {
    "neg": torch.neg, "abs": torch.abs, "sign": torch.sign, "round": torch.round, "floor": torch.floor, "ceil": torch.ceil,
    "square": torch.square, "sqrt": torch.sqrt, "exp": torch.exp, "expm1": torch.expm1, "log": torch.log, "log1p": torch.log1p,
    "log2": torch.log2, "sin": torch.sin, "cos": torch.cos, "tan": torch.tan, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
    "softplus": F.softplus, "relu": torch.relu, "leakyRelu": lambda x: F.leaky_relu(x, 0.125), "elu": lambda x: F.elu(x, 0.5),
    "erf": torch.erf, "gelu": F.gelu, "gelu tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu,
    "clamp": lambda x: torch.clamp(x, -1.0, 2.0), "clamp open": lambda x: torch.clamp(x, 0.0, INF),
    "isNaN": torch.isnan, "isFinite": torch.isfinite,
    **{f"pow {k}": (lambda k: lambda x: torch.pow(x, k))(k) for k in (0, 1, 2, 3, 4, 5, 7, -1, -2, -3, 0.5, -0.5, 1.5, 0.3, 65536)},
}
binary = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "remainder": torch.remainder, "pow": torch.pow,
    "maximum": torch.maximum, "minimum": torch.minimum, "atan2": torch.atan2, "less": torch.lt, "lessEqual": torch.le,
    "greater": torch.gt, "greaterEqual": torch.ge, "equal": torch.eq, "notEqual": torch.ne,
    "where": lambda a, b: torch.where(a != 0, a, b),
}
rows = {
    "max": lambda x: x.amax(1), "min": lambda x: x.amin(1), "argmax": lambda x: x.argmax(1), "sum": lambda x: x.sum(1),
    "mean": lambda x: x.mean(1), "logsumexp": lambda x: x.logsumexp(1), "softmax": lambda x: x.softmax(1),
    "logSoftmax": lambda x: x.log_softmax(1), "maxPool2d": lambda x: F.max_pool2d(x.view(-1, 1, 1, 3), (1, 3)).view(-1),
    "crossEntropy": lambda x: F.cross_entropy(x, torch.ones(len(x), dtype=torch.long), reduction="none"),
}


def text(values):
    def one(v):
        v = float(np.float32(v))
        return f"{v:.9g}"
    with np.errstate(over="ignore"):
        return " ".join(one(v) for v in values.detach().double().numpy().ravel())


def both(f, *inputs):
    """Values and gradients of Σ y_i · weight_i in float64, and what float32 has other."""
    def run(dtype):
        x = [torch.tensor(np.float32(v)).to(dtype).requires_grad_(True) for v in inputs]
        y = f(*x)
        out = [text(y)]
        if y.is_floating_point():
            y = y * torch.tensor([1.0, 2.0, 3.0], dtype=dtype) if y.dim() == 2 else y
            slopes = torch.autograd.grad(y.sum(), x, allow_unused=True)
            out += [text(torch.zeros_like(v) if g is None else g) for g, v in zip(slopes, x)]
        return out
    wide, narrow = run(torch.float64), run(torch.float32)
    return [[a] if a == b else [a, b] for a, b in zip(wide, narrow)]


pairs = [(a, b) for a in TWO for b in TWO]
result = {
    "one": text(torch.tensor(ONE, dtype=torch.float64)),
    "two": text(torch.tensor(TWO, dtype=torch.float64)),
    "rows": [text(torch.tensor(row, dtype=torch.float64)) for row in ROWS],
    "unary": {name: both(f, ONE) for name, f in unary.items()},
    "binary": {name: both(f, *zip(*pairs)) for name, f in binary.items()},
    "reductions": {name: both(f, ROWS) for name, f in rows.items()},
}
with open(__file__.replace(".py", ".json"), "w") as file:
    json.dump(result, file, indent=1)
    file.write("\n")
