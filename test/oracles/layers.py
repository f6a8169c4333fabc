"""Layers of PyTorch in float64, forward and gradients, in training and in evaluation: layers.json.

    /usr/bin/python3 test/oracles/layers.py > test/oracles/layers.json

Every tensor is by formula, value(i) = sin(0.7 i + k), with k = 0 for x and 1, 2, … for the states in the order of their names; running
variances are 1 + value². The gradients are those of Σ_i y_i cos(i).
"""

import json

import torch

torch.set_default_dtype(torch.float64)


def wave(shape, k):
    n = 1
    for size in shape:
        n *= size
    return torch.sin(0.7 * torch.arange(n, dtype=torch.float64) + k).reshape(shape)


class Branches(torch.nn.Module):
    def __init__(self, **layers):
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x):
        return torch.cat([layer(x) for layer in self.children()], 1)


class Residual(torch.nn.Module):
    def __init__(self, **layers):
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x):
        y = x
        for layer in self.children():
            y = layer(y)
        return x + y


nn = torch.nn
cases = {
    "Linear": (nn.Linear(3, 4), [5, 3]),
    "Linear without bias": (nn.Linear(3, 4, bias=False), [5, 3]),
    "Conv2d": (nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2), [2, 2, 5, 6]),
    "Conv2d same": (nn.Conv2d(2, 3, (3, 5), padding="same", dilation=(1, 2)), [1, 2, 6, 9]),
    "ConvTranspose2d": (nn.ConvTranspose2d(2, 4, 3, stride=2, padding=1, output_padding=1, groups=2), [2, 2, 3, 4]),
    "BatchNorm of rows": (nn.BatchNorm1d(3), [6, 3]),
    "BatchNorm of images": (nn.BatchNorm2d(3, eps=1e-3, momentum=0.2), [2, 3, 4, 5]),
    "LayerNorm": (nn.LayerNorm([3, 4], eps=1e-4), [2, 3, 4]),
    "GroupNorm": (nn.GroupNorm(2, 4), [2, 4, 3, 3]),
    "Embedding": (nn.Embedding(4, 3), [5]),
    "Upsample": (nn.Upsample(scale_factor=2, mode="nearest"), [1, 2, 3, 4]),
    "Dropout": (nn.Dropout(0.3), [4, 5]),
    "residual": (Residual(conv1=nn.Conv2d(2, 2, 3, padding=1), norm=nn.BatchNorm2d(2), conv2=nn.Conv2d(2, 2, 1)), [2, 2, 4, 4]),
    "branches": (Branches(small=nn.Conv2d(2, 3, 1), large=nn.Conv2d(2, 1, 3, padding=1)), [1, 2, 5, 5]),
}


def numbers(x):
    return [float(f"{v:.9g}") for v in x.detach().reshape(-1).tolist()]


def run(layer, shape, training):
    layer.train(training)
    states = {n: p for n, p in layer.state_dict(keep_vars=True).items() if not n.endswith("num_batches_tracked")}
    with torch.no_grad():
        for k, (name, state) in enumerate(sorted(states.items())):
            values = wave(state.shape, k + 1)
            state.copy_(1 + values**2 if name.endswith("running_var") else values)
    is_index = isinstance(layer, nn.Embedding)
    x = torch.tensor([0, 3, 1, 3, 2]) if is_index else wave(shape, 0).requires_grad_()
    y = layer(x)
    parameters = {n: p for n, p in states.items() if p.requires_grad}
    wrt = list(parameters.values()) + ([] if is_index else [x])
    names = list(parameters) + ([] if is_index else ["x"])
    weights = torch.cos(torch.arange(y.numel(), dtype=torch.float64)).reshape(y.shape)
    gradients = torch.autograd.grad((y * weights).sum(), wrt)
    buffers = {n: numbers(s) for n, s in states.items() if not s.requires_grad}
    return {
        "shape": list(y.shape),
        "y": numbers(y),
        "gradients": {n: numbers(g) for n, g in zip(names, gradients)},
        **({"buffers": buffers} if buffers else {}),
    }


result = {"torch": torch.__version__, "layers": {}}
for name, (layer, shape) in cases.items():
    modes = ["evaluation"] if name == "Dropout" else ["training", "evaluation"]
    result["layers"][name] = {"x": shape, **{mode: run(layer, shape, mode == "training") for mode in modes}}
print(json.dumps(result, separators=(",", ":")))
