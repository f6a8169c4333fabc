"""Writes conv2d.json: convolutions, poolings and their gradients in PyTorch's float64, for test/conv2d and test/pool.

    python3 test/oracles/conv2d.py        (Debian: apt-get install python3-torch)

Inputs are multiples of 1/64 that both sides compute (`values`), so every result is a multiple of 1/scale, and stored as a
whole number: exact, and small. Each case has the result y, the gradients of sum(g * y) by x, w and bias, and, where
`second` is set, those of sum(h * dx) and sum(v * dw) by g, w and x.
"""

import json
import os

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def values(shape, seed):
    """Numbers of [-2, 2], multiples of 1/64, the same as values() in conv2d.test.ts."""
    n = torch.Size(shape).numel()
    return (((torch.arange(n) * 7919 + seed * 104729) % 257 - 128) / 64).reshape(shape)


def whole(tensor, scale):
    scaled = tensor.detach() * scale
    rounded = scaled.round()
    assert (scaled - rounded).abs().max() < 1e-6, "not a multiple of 1/scale"
    return [int(v) for v in rounded.flatten().tolist()]


def four(padding):
    """[top, bottom, left, right] of any form of padding."""
    p = [padding] if isinstance(padding, int) else padding
    return [p[0]] * 4 if len(p) == 1 else [p[0], p[0], p[1], p[1]] if len(p) == 2 else p


def conv2d(x, w, bias, stride, padding, dilation, groups, output_padding):
    if padding == "same":
        return F.conv2d(x, w, bias, stride, "same", dilation, groups)
    top, bottom, left, right = four(padding)
    return F.conv2d(F.pad(x, (left, right, top, bottom)), w, bias, stride, 0, dilation, groups)


def conv_transpose2d(x, w, bias, stride, padding, dilation, groups, output_padding):
    top, bottom, left, right = four(padding)
    if top == bottom and left == right:
        return F.conv_transpose2d(x, w, bias, stride, (top, left), output_padding, groups, dilation)
    y = F.conv_transpose2d(x, w, bias, stride, 0, output_padding, groups, dilation)
    return y[:, :, top : y.shape[2] - bottom, left : y.shape[3] - right]


def convolution(op, x, w, stride=1, padding=0, dilation=1, groups=1, output_padding=0, second=False):
    function = {"conv2d": conv2d, "convTranspose2d": conv_transpose2d}[op]
    channels = w[0] if op == "conv2d" else w[1] * groups
    a, b, c = (values(shape, seed).requires_grad_() for shape, seed in ((x, 1), (w, 2), ([channels], 3)))
    y = function(a, b, c, stride, padding, dilation, groups, output_padding)
    g = values(y.shape, 4).requires_grad_()
    dx, dw, dbias = torch.autograd.grad((g * y).sum(), [a, b, c], create_graph=True)
    case = {"op": op, "x": x, "w": w, "options": {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}}
    if op == "convTranspose2d":
        case["options"]["outputPadding"] = output_padding
    case["shape"] = list(y.shape)
    case["scale"] = 64 * 64
    for name, tensor in (("y", y), ("dx", dx), ("dw", dw), ("dbias", dbias)):
        case[name] = whole(tensor, 64 * 64)
    if second:
        by_w, by_g = torch.autograd.grad((values(x, 5) * dx).sum(), [b, g], retain_graph=True)
        by_x, by_g2 = torch.autograd.grad((values(w, 6) * dw).sum(), [a, g])
        case["second"] = {n: whole(t, 64 * 64) for n, t in (("hdxByW", by_w), ("hdxByG", by_g), ("vdwByX", by_x), ("vdwByG", by_g2))}
    return case


def pooling(op, x, kernel, stride=None, padding=0, repeated=1):
    # repeated: neighbouring values made equal, for ties
    a = values(x, 1)
    if repeated > 1:
        a = a[..., torch.arange(x[3]) // repeated * repeated].clone()
    a.requires_grad_()
    function = {"maxPool2d": F.max_pool2d, "avgPool2d": F.avg_pool2d}[op]
    y = function(a, kernel, stride, padding)
    g = values(y.shape, 4)
    (dx,) = torch.autograd.grad((g * y).sum(), [a])
    height, width = kernel if isinstance(kernel, list) else (kernel, kernel)
    scale = 64 * (height * width if op == "avgPool2d" else 1)
    options = {"padding": padding} | ({} if stride is None else {"stride": stride})
    case = {"op": op, "x": x, "kernel": kernel, "options": options, "repeated": repeated, "shape": list(y.shape), "scale": scale}
    return case | {"y": whole(y, scale), "dx": whole(dx, scale)}


def cases():
    c, t = "conv2d", "convTranspose2d"
    yield convolution(c, [1, 1, 1, 1], [1, 1, 1, 1], second=True)
    yield convolution(c, [2, 1, 5, 7], [3, 1, 3, 3])
    yield convolution(c, [2, 3, 7, 6], [5, 3, 3, 3], padding=1)
    yield convolution(c, [3, 2, 9, 9], [4, 2, 3, 3], stride=2, padding=1, second=True)
    yield convolution(c, [1, 5, 6, 5], [7, 5, 1, 1])
    yield convolution(c, [2, 4, 5, 5], [3, 4, 1, 1], stride=2)
    yield convolution(c, [2, 2, 8, 9], [3, 2, 2, 4], stride=[3, 2], padding=[1, 2])
    yield convolution(c, [1, 3, 7, 5], [2, 3, 3, 2], stride=[1, 2], padding=[2, 0, 1, 3])
    yield convolution(c, [2, 2, 9, 8], [3, 2, 3, 3], dilation=2, padding=2)
    yield convolution(c, [1, 2, 11, 10], [2, 2, 3, 2], stride=[2, 3], dilation=[3, 2], padding=[0, 3, 2, 1], second=True)
    yield convolution(c, [2, 4, 6, 6], [6, 2, 3, 3], padding=1, groups=2, second=True)
    yield convolution(c, [2, 6, 7, 5], [6, 1, 3, 3], padding=1, groups=6)
    yield convolution(c, [1, 3, 8, 8], [6, 1, 3, 3], stride=2, padding=[0, 1, 0, 1], groups=3)
    yield convolution(c, [1, 2, 6, 7], [3, 2, 4, 3], padding="same")
    yield convolution(c, [1, 2, 6, 5], [2, 2, 3, 2], padding="same", dilation=2)
    yield convolution(c, [1, 17, 4, 3], [19, 17, 2, 2], stride=2, padding=1)
    yield convolution(c, [1, 18, 5, 4], [20, 18, 3, 3], stride=2, padding=1)
    yield convolution(c, [1, 2, 3, 4], [3, 2, 5, 6], padding=2, stride=3)
    yield convolution(c, [1, 1, 2, 9], [1, 1, 1, 3], stride=[5, 4])
    yield convolution(t, [1, 1, 1, 1], [1, 1, 1, 1])
    yield convolution(t, [2, 3, 4, 5], [3, 2, 3, 3], stride=2, padding=1, output_padding=1, second=True)
    yield convolution(t, [1, 2, 5, 4], [2, 3, 3, 3])
    yield convolution(t, [2, 2, 3, 4], [2, 3, 4, 4], stride=2, padding=1)
    yield convolution(t, [1, 4, 3, 3], [4, 1, 3, 2], stride=[3, 2], padding=[1, 0], output_padding=[2, 1], groups=2)
    yield convolution(t, [2, 3, 4, 3], [3, 1, 3, 3], stride=2, padding=1, groups=3)
    yield convolution(t, [1, 2, 4, 4], [2, 2, 3, 3], dilation=2, stride=2, padding=2, output_padding=1, second=True)
    yield convolution(t, [1, 2, 3, 4], [2, 2, 2, 3], dilation=[3, 2], output_padding=[2, 1])
    yield convolution(t, [1, 2, 4, 3], [2, 3, 3, 3], stride=2, padding=[0, 1, 1, 0])
    yield convolution(t, [1, 18, 2, 3], [18, 5, 3, 3], stride=2)
    yield convolution(t, [2, 5, 3, 3], [5, 1, 2, 2], stride=3)
    yield convolution(t, [1, 16, 3, 2], [16, 10, 3, 3], stride=2, padding=1, output_padding=1, groups=2)
    yield pooling("maxPool2d", [2, 3, 6, 8], 2)
    yield pooling("maxPool2d", [1, 2, 7, 9], 3, 2, 1)
    yield pooling("maxPool2d", [2, 2, 7, 6], [3, 2], [1, 2], [1, 0])
    yield pooling("maxPool2d", [1, 1, 9, 9], 4, 3, 2, repeated=3)
    yield pooling("maxPool2d", [1, 3, 5, 5], 2, 3)
    yield pooling("maxPool2d", [1, 1, 1, 1], 1)
    yield pooling("avgPool2d", [2, 3, 6, 8], 2)
    yield pooling("avgPool2d", [1, 2, 7, 9], 3, 2, 1)
    yield pooling("avgPool2d", [2, 2, 7, 6], [3, 2], [1, 2], [1, 0])
    yield pooling("avgPool2d", [1, 1, 9, 9], 4, 3, 2)
    yield pooling("avgPool2d", [1, 3, 5, 5], 2, 3)
    yield pooling("avgPool2d", [1, 2, 7, 7], 7)


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases())
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "conv2d.json"), "w") as file:
        file.write(f'{{"torch":"{torch.__version__}","cases":[\n{lines}\n]}}\n')
