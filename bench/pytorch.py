"""The bench's workloads in PyTorch: float32, TF32 off, on CUDA where it is, else on the CPU.

    python3 pytorch.py cases.json results.json

Reads {rounds, boxSeconds, cases: [{workload, size, settings, shapes}]} and writes {versions, entries: [{workload, size,
cells}]} with the cells of bench/report.ts. Inputs are random, of the shapes that bench/cases/ states. Times are wall clock
until the device is done, over blocks of at least 0.1 s; results are not checked, except that they are finite.
"""

import json
import math
import sys
from time import perf_counter

import torch
from torch import nn
from torch.nn import functional as F

CUDA = torch.cuda.is_available()
DEVICE = torch.device("cuda" if CUDA else "cpu")
BLOCK_SECONDS = 0.1
MOST_STEPS = 100_000
FRECHET = "float32; Cholesky factors of both, singular values of their product"


def log(text):
    print(text, file=sys.stderr, flush=True)


def finish():
    if CUDA:
        torch.cuda.synchronize()


def uniform(*shape, low=-1.0, high=1.0):
    return torch.empty(shape, device=DEVICE).uniform_(low, high)


def definite(d):
    a = uniform(d, d)
    return a @ a.T / d + 0.1 * torch.eye(d, device=DEVICE)


# Workloads: each takes a case's settings and returns its step, whose result stays on the device.


def matmul(s):
    a = uniform(s["inner"], s["rows"]).T if s["transposeA"] else uniform(s["rows"], s["inner"])
    b = uniform(s["columns"], s["inner"]).T if s["transposeB"] else uniform(s["inner"], s["columns"])
    return lambda: a @ b


def convolution(s):
    x = (s["batch"], s["in"], s["side"], s["side"])
    w = (s["out"], s["in"] // s["groups"], s["kernel"], s["kernel"])
    g = (s["batch"], s["out"], s["outputSide"], s["outputSide"])
    return x, w, g, {name: s[name] for name in ("stride", "padding", "groups")}


def conv_forward(s):
    x, w, _, window = convolution(s)
    x, w = uniform(*x), uniform(*w)
    return lambda: F.conv2d(x, w, **window)


def conv_by_input(s):
    x, w, g, window = convolution(s)
    g, w = uniform(*g), uniform(*w)
    return lambda: nn.grad.conv2d_input(x, w, g, **window)


def conv_by_weight(s):
    x, w, g, window = convolution(s)
    x, g = uniform(*x), uniform(*g)
    return lambda: nn.grad.conv2d_weight(x, w, g, **window)


def sigmoid_map(s):
    x = uniform(s["rows"], s["columns"], low=-4, high=4)
    scale, shift = uniform(s["columns"], low=0.5, high=1.5), uniform(s["columns"])
    return lambda: torch.addcmul(shift, x, scale).sigmoid_()


def total(s):
    x = uniform(s["rows"], s["columns"])
    return x.sum if s["axis"] == -1 else lambda: x.sum(s["axis"])


def softmax(s):
    x = uniform(s["rows"], s["columns"], low=-8, high=8)
    return lambda: torch.softmax(x, 1)


def sort(s):
    x = uniform(s["rows"], s["columns"], low=-8, high=8)
    return lambda: torch.sort(x, 1)


def normal(s):
    return lambda: torch.randn(s["count"], device=DEVICE)


def divergence(mean, log_var):
    return 0.5 * (mean * mean + log_var.exp() - 1 - log_var).sum()


def kl(s):
    mean, log_var = uniform(s["rows"], s["columns"]), uniform(s["rows"], s["columns"], low=-2, high=2)
    return lambda: divergence(mean, log_var)


def optimiser(parameters, s, **more):
    """Adam in one fused kernel where this PyTorch has it on this device."""
    options = {"lr": s["rate"], "betas": (s["beta1"], s["beta2"]), "eps": s["epsilon"], **more}
    try:
        return torch.optim.Adam(parameters, fused=True, **options)
    except (RuntimeError, TypeError):
        return torch.optim.Adam(parameters, **options)


def adam(s):
    p = nn.Parameter(uniform(s["count"]))
    p.grad = torch.randn_like(p)
    update = optimiser([p], s)

    def step():
        update.step()
        return p

    return step


def covariance(s):
    x = uniform(s["n"], s["d"], low=0)
    return lambda: torch.cov(x.T)


def cholesky(s):
    a = definite(s["d"])
    return lambda: torch.linalg.cholesky_ex(a).L


def eigh(s):
    a = definite(s["d"])
    return lambda: torch.linalg.eigh(a)


def frechet(s):
    d = s["d"]
    a, b, mean_a, mean_b = definite(d), definite(d), uniform(d), uniform(d)

    def step():
        factors = [torch.linalg.cholesky_ex(covariance).L for covariance in (a, b)]
        root = torch.linalg.svdvals(factors[0].T @ factors[1]).sum()
        return (((mean_a - mean_b) ** 2).sum() + a.trace() + b.trace() - 2 * root).item()

    return step


def em(s):
    n, d, k = s["n"], s["d"], s["k"]
    x, means = torch.randn(n, d, device=DEVICE), uniform(k, d, low=-2, high=2)
    weights, variances = torch.full((k,), 1 / k, device=DEVICE), torch.full((k, d), 1.5, device=DEVICE)

    def step():
        squares, precisions = x * x, 1 / variances
        constant = weights.log() - 0.5 * (means**2 * precisions + (2 * math.pi * variances).log()).sum(1)
        shares = torch.softmax(constant + x @ (means * precisions).T - 0.5 * (squares @ precisions.T), 1)
        totals = shares.sum(0)
        first = shares.T @ x / totals[:, None]
        return totals / n, first, shares.T @ squares / totals[:, None] - first**2

    return step


# Training steps, in three ways.


class Vae(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, images):
        """The loss of bench/cases/training.ts, in nats per image."""
        mean, log_var = self.encoder(images).chunk(2, 1)
        z = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
        fit = F.binary_cross_entropy_with_logits(self.decoder(z).flatten(1), images.flatten(1), reduction="sum")
        return (fit + divergence(mean, log_var)) / len(images)


def mlp(shapes):
    hidden, pixels = shapes["encode.weight"]
    codes, latent = shapes["heads.weight"][0], shapes["decode.weight"][1]
    return Vae(
        nn.Sequential(nn.Flatten(), nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, codes)),
        nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, pixels)),
    )


def convolutional(shapes):
    few, many = shapes["encoder.0.weight"][0], shapes["encoder.1.weight"][0]
    codes, features = shapes["heads.weight"]
    latent, side = shapes["start.weight"][1], math.isqrt(features // many)
    window = {"kernel_size": 3, "stride": 2, "padding": 1}
    up = {**window, "output_padding": 1}
    down = [nn.Conv2d(1, few, **window), nn.ReLU(), nn.Conv2d(few, many, **window), nn.ReLU(), nn.Flatten()]
    start = [nn.Linear(latent, features), nn.ReLU(), nn.Unflatten(1, (many, side, side))]
    return Vae(
        nn.Sequential(*down, nn.Linear(features, codes)),
        nn.Sequential(*start, nn.ConvTranspose2d(many, few, **up), nn.ReLU(), nn.ConvTranspose2d(few, 1, **up)),
    )


def training(network, s, shapes, prepared=lambda model: model, **more):
    model = network(shapes).to(DEVICE)
    images = uniform(*shapes["images"], low=0)
    update = optimiser(list(model.parameters()), s, **more)
    loss = prepared(model)

    def step():
        update.zero_grad(set_to_none=True)
        value = loss(images)
        value.backward()
        update.step()
        return value.detach()

    return step


def captured(step):
    """The step as one CUDA graph, after a few runs on a stream of its own."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = step()

    def replay():
        graph.replay()
        return result

    return replay


def trainings(network, s, shapes):
    ways = {"pytorch eager": lambda: training(network, s, shapes)}
    if hasattr(torch, "compile"):
        ways["pytorch compiled"] = lambda: training(network, s, shapes, torch.compile)
    else:
        log(f"  pytorch compiled: left out, PyTorch {torch.__version__} has no torch.compile")
    if CUDA:
        ways["pytorch CUDA graph"] = lambda: captured(training(network, s, shapes, capturable=True))
    else:
        log("  pytorch CUDA graph: left out, no CUDA here")
    return ways


NETWORKS = {"vae step": mlp, "conv vae step": convolutional}
WORKLOADS = {
    "matmul": matmul,
    "conv forward": conv_forward,
    "conv by input": conv_by_input,
    "conv by weight": conv_by_weight,
    "map": sigmoid_map,
    "sum": total,
    "softmax": softmax,
    "sort": sort,
    "normal": normal,
    "kl": kl,
    "adam": adam,
    "covariance": covariance,
    "cholesky": cholesky,
    "eigh": eigh,
    "frechet": frechet,
    "em": em,
}


def ways_of(case):
    """Each engine's name with the function that prepares its step."""
    workload, settings = case["workload"], case["settings"]
    if workload in NETWORKS:
        return trainings(NETWORKS[workload], settings, case["shapes"])
    if workload in WORKLOADS:
        return {"pytorch": lambda: WORKLOADS[workload](settings)}
    return {}


# Timing, by the rules of bench/harness.ts.


def quantile(values, fraction):
    rank = fraction * (len(values) - 1)
    below = math.floor(rank)
    above = min(below + 1, len(values) - 1)
    return values[below] + (rank - below) * (values[above] - values[below])


def statistics(samples):
    values = sorted(samples)
    count = len(values)
    first = max(0, math.ceil(count / 2 - 0.98 * math.sqrt(count)) - 1)
    return {
        "count": count,
        "median": quantile(values, 0.5),
        "mean": sum(values) / count,
        "min": values[0],
        "max": values[-1],
        "p5": quantile(values, 0.05),
        "p95": quantile(values, 0.95),
        "low": values[first],
        "high": values[count - 1 - first],
    }


def block(step, steps):
    start = perf_counter()
    for _ in range(steps):
        step()
    finish()
    return perf_counter() - start


def is_finite(result):
    parts = result if isinstance(result, tuple) else (result,)
    return all(bool(torch.isfinite(torch.as_tensor(part)).all()) for part in parts)


class Contestant:
    """One engine at one case: its step, and the cell of the report."""

    def __init__(self, engine, prepare):
        self.cell = {"engine": engine, "status": "failed"}
        self.step, self.steps, self.spent, self.expected, self.samples = None, 1, 0.0, 0.0, []
        self.attempt(lambda: self.start(prepare))

    def attempt(self, work):
        """Runs `work`; what it throws becomes the cell's message, and the end of this contestant."""
        try:
            work()
        except Exception as error:  # whatever PyTorch throws: the others go on
            lines = str(error).strip().splitlines()
            self.cell["message"] = lines[0] if lines else type(error).__name__
            self.step = None

    def start(self, prepare):
        begun = perf_counter()
        step = prepare()
        finish()
        ready = perf_counter()
        result = step()
        finish()
        self.cell["cold"] = {"prepareSeconds": ready - begun, "firstStepSeconds": perf_counter() - ready}
        if not is_finite(result):
            raise ArithmeticError("a result is no finite number")
        self.step = step

    def turn(self):
        self.expected = block(self.step, self.steps)
        self.spent += self.expected
        return self.expected

    def warm_up(self, box):
        """Grows the block until it is long enough to time; at most half the box goes into this."""
        for _ in range(10):
            seconds = self.turn()
            if seconds >= BLOCK_SECONDS or self.steps == MOST_STEPS or self.spent > box / 2:
                return
            # a tenth more than just enough, so that the next block is long enough
            longer = self.steps * min(16, 1.1 * BLOCK_SECONDS / max(seconds, 1e-5))
            self.steps = min(MOST_STEPS, max(self.steps + 1, math.ceil(longer)))

    def measure(self, number, rounds, box):
        if self.spent + self.expected > box:
            self.cell.setdefault("message", f"time box of {box} s reached after {number} of {rounds} rounds")
        else:
            self.samples.append(1000 * self.turn() / self.steps)

    def finished(self):
        if self.samples:
            self.cell.update(stepsPerBlock=self.steps, ms=statistics(self.samples), samples=self.samples)
            self.cell["status"] = "ok" if self.step else "stopped"
        elif self.step:
            self.cell["status"] = "stopped"
        return self.cell


def measured(case, rounds, box):
    contestants = [Contestant(engine, prepare) for engine, prepare in ways_of(case).items()]
    for contestant in contestants:
        if contestant.step:
            contestant.attempt(lambda: contestant.warm_up(box))
    for number in range(rounds):
        for contestant in contestants:
            if contestant.step:
                contestant.attempt(lambda: contestant.measure(number, rounds, box))
    cells = [contestant.finished() for contestant in contestants]
    for cell in cells:
        if case["workload"] == "frechet" and cell["status"] == "ok":
            cell["message"] = "; ".join(filter(None, [cell.get("message"), FRECHET]))
    return cells


def version():
    if CUDA:
        return f"{torch.__version__} on {torch.cuda.get_device_name()}, CUDA {torch.version.cuda or torch.version.hip}"
    return f"{torch.__version__} on the CPU (threads: {torch.get_num_threads()})"


def main(asked, answered):
    torch.manual_seed(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    with open(asked, encoding="utf-8") as file:
        request = json.load(file)
    results = {"versions": {"pytorch": version()}, "entries": []}
    for index, case in enumerate(request["cases"]):
        log(f"{index + 1} of {len(request['cases'])}: {case['workload']}, {case['size']}")
        cells = measured(case, request["rounds"], request["boxSeconds"])
        for cell in cells:
            time = f"{cell['ms']['median']:.3g} ms" if "ms" in cell else cell["status"]
            log("  " + ": ".join(filter(None, [cell["engine"], time, cell.get("message")])))
        results["entries"].append({"workload": case["workload"], "size": case["size"], "cells": cells})
        with open(answered, "w", encoding="utf-8") as file:
            json.dump(results, file)
        if CUDA:
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main(*sys.argv[1:])
