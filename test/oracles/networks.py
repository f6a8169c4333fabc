"""Writes networks.json: fixed networks of small width, with weights and images by formula, in PyTorch's float64.

    /usr/bin/python3 test/oracles/networks.py        (Debian: apt-get install python3-torch)

Weights and images are the formulas of networks.ts, which both sides compute; shapes go into the JSON file, so that the other side
fills the same tensors. Padding is TensorFlow's SAME, written out here with F.pad.
"""

import json
import math
import os

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def uniform(name, n):
    """n numbers in [-1/2, 1/2) from a name, the same as uniform() in networks.ts."""
    h = 2166136261
    for b in name.encode():
        h = ((h ^ b) * 16777619) % 2**32
    x = (h + torch.arange(n, dtype=torch.int64) * 2654435761) % 2**32
    x = x ^ (x >> 16)
    x = (x * 0x7FEB352D) % 2**32
    x = x ^ (x >> 15)
    # the product would pass 2^63
    x = ((x & 0xFFFF) * 0x846CA68B + (((x >> 16) * 0x846CA68B) % 2**16 << 16)) % 2**32
    x = x ^ (x >> 16)
    return (x >> 8).double() / 16777216 - 0.5


class Net:
    """Tensors by formula, made when a layer first asks for them."""

    def __init__(self):
        self.shapes = {}

    def tensor(self, name, shape):
        self.shapes[name] = list(shape)
        u = uniform(name, math.prod(shape))
        last = name.split(".")[-1]
        if last == "running_var":
            values = 1 + u
        elif last == "running_mean":
            values = 0.4 * u
        elif ".bn." in name:
            values = 1 + 0.4 * u if last == "weight" else -0.05 + 0.4 * u
        elif last == "bias":
            values = 0.2 * u
        else:
            values = u * (2 * math.sqrt(6 / math.prod(shape[1:])))
        return values.float().double().reshape(shape)

    def conv(self, x, name, out, kernel=1, stride=1, depthwise=False):
        w = self.tensor(name + ".weight", (out, 1 if depthwise else x.shape[1], kernel, kernel))
        b = self.tensor(name + ".bias", (out,))
        pads = [max(0, (-(-n // stride) - 1) * stride + kernel - n) for n in x.shape[2:]]
        x = F.pad(x, (pads[1] // 2, pads[1] - pads[1] // 2, pads[0] // 2, pads[0] - pads[0] // 2))
        return F.conv2d(x, w, b, stride, groups=x.shape[1] if depthwise else 1)

    def linear(self, x, name, out):
        return F.linear(x, self.tensor(name + ".weight", (out, x.shape[1])), self.tensor(name + ".bias", (out,)))


def image(side):
    """The formula `texture` of networks.ts: bytes [1, 3, side, side]."""
    y, x, c = torch.meshgrid(torch.arange(side), torch.arange(side), torch.arange(3), indexing="ij")
    v = (7 * x + 13 * y + 29 * c + 64 * (((x >> 3) ^ (y >> 3)) & 1)) & 255
    return v.permute(2, 0, 1)[None].double()


def relu6(x):
    return x.clamp(0, 6)


STRIDES_V1 = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
STRIDES_V2 = [1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1]


def mobile_v1(n, x):
    x = relu6(n.conv(x, "conv0", 8, 3, 2))
    for i, (stride, width) in enumerate(zip(STRIDES_V1, [8, 12, 12, 16, 16, 20, 20, 20, 20, 20, 20, 24, 24])):
        x = relu6(n.conv(x, f"block{i + 1}.depthwise", x.shape[1], 3, stride, True))
        x = relu6(n.conv(x, f"block{i + 1}.pointwise", width))
    return x.mean((2, 3))


def mobile_v2(n, x):
    x = relu6(n.conv(x, "conv0", 8, 3, 2))
    for i, (stride, width) in enumerate(zip(STRIDES_V2, [4, 6, 6, 8, 8, 8, 12, 12, 12, 12, 10, 10, 10, 14, 14, 14, 18])):
        y = x if i == 0 else relu6(n.conv(x, f"block{i + 1}.expand", x.shape[1] * 3))
        y = relu6(n.conv(y, f"block{i + 1}.depthwise", y.shape[1], 3, stride, True))
        y = n.conv(y, f"block{i + 1}.project", width)
        x = y + x if stride == 1 and width == x.shape[1] else y
    return relu6(n.conv(x, "conv_last", 40)).mean((2, 3))


class Inception(Net):
    """The FID Inception as pytorch-fid's inception.py describes it, each width that of the original divided by 16."""

    def unit(self, x, name, out, kernel, stride=1, padding=0):
        out //= 16
        kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
        y = F.conv2d(x, self.tensor(name + ".conv.weight", (out, x.shape[1], *kernel)), None, stride, padding)
        g, b, m, v = (self.tensor(f"{name}.bn.{s}", (out,)) for s in ("weight", "bias", "running_mean", "running_var"))
        return F.relu(F.batch_norm(y, m, v, g, b, False, 0, 1e-3))

    def same(self, x, name, out, kernel):
        kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
        return self.unit(x, name, out, kernel, 1, tuple(k // 2 for k in kernel))

    def chain(self, x, block, *steps):
        for name, out, kernel in steps:
            x = self.same(x, f"{block}.{name}", out, kernel)
        return x

    def pooled(self, x):
        return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)

    def a(self, x, n, pool):
        return torch.cat([
            self.same(x, n + ".branch1x1", 64, 1),
            self.chain(x, n, ("branch5x5_1", 48, 1), ("branch5x5_2", 64, 5)),
            self.chain(x, n, ("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3)),
            self.same(self.pooled(x), n + ".branch_pool", pool, 1),
        ], 1)

    def b(self, x, n):
        y = self.chain(x, n, ("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3))
        return torch.cat([
            self.unit(x, n + ".branch3x3", 384, 3, 2),
            self.unit(y, n + ".branch3x3dbl_3", 96, 3, 2),
            F.max_pool2d(x, 3, 2),
        ], 1)

    def c(self, x, n, w):
        row, column = (1, 7), (7, 1)
        return torch.cat([
            self.same(x, n + ".branch1x1", 192, 1),
            self.chain(x, n, ("branch7x7_1", w, 1), ("branch7x7_2", w, row), ("branch7x7_3", 192, column)),
            self.chain(x, n, ("branch7x7dbl_1", w, 1), ("branch7x7dbl_2", w, column), ("branch7x7dbl_3", w, row),
                       ("branch7x7dbl_4", w, column), ("branch7x7dbl_5", 192, row)),
            self.same(self.pooled(x), n + ".branch_pool", 192, 1),
        ], 1)

    def d(self, x, n):
        y = self.same(x, n + ".branch3x3_1", 192, 1)
        z = self.chain(x, n, ("branch7x7x3_1", 192, 1), ("branch7x7x3_2", 192, (1, 7)), ("branch7x7x3_3", 192, (7, 1)))
        return torch.cat([
            self.unit(y, n + ".branch3x3_2", 320, 3, 2),
            self.unit(z, n + ".branch7x7x3_4", 192, 3, 2),
            F.max_pool2d(x, 3, 2),
        ], 1)

    def e(self, x, n, pooled):
        y = self.same(x, n + ".branch3x3_1", 384, 1)
        z = self.chain(x, n, ("branch3x3dbl_1", 448, 1), ("branch3x3dbl_2", 384, 3))
        fan = lambda t, s: [self.same(t, n + s + "a", 384, (1, 3)), self.same(t, n + s + "b", 384, (3, 1))]
        return torch.cat([
            self.same(x, n + ".branch1x1", 320, 1),
            *fan(y, ".branch3x3_2"),
            *fan(z, ".branch3x3dbl_3"),
            self.same(pooled, n + ".branch_pool", 192, 1),
        ], 1)

    def blocks(self, x):
        x = self.unit(x, "Conv2d_1a_3x3", 32, 3, 2)
        x = self.unit(x, "Conv2d_2a_3x3", 32, 3)
        x = F.max_pool2d(self.same(x, "Conv2d_2b_3x3", 64, 3), 3, 2)
        ends = [x]
        x = self.unit(x, "Conv2d_3b_1x1", 80, 1)
        x = F.max_pool2d(self.unit(x, "Conv2d_4a_3x3", 192, 3), 3, 2)
        ends.append(x)
        for n, pool in (("5b", 32), ("5c", 64), ("5d", 64)):
            x = self.a(x, "Mixed_" + n, pool)
        x = self.b(x, "Mixed_6a")
        for n, w in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
            x = self.c(x, "Mixed_" + n, w)
            if n == "6d":
                # the first branch stands first; one value of 16 tells channels, rows and columns apart
                self.spatial = x[:, :7].flatten()[::16]
        ends.append(x)
        x = self.d(x, "Mixed_7a")
        x = self.e(x, "Mixed_7b", self.pooled(x))
        x = self.e(x, "Mixed_7c", F.max_pool2d(x, 3, 1, 1))
        return [end.mean((2, 3)) for end in (*ends, x)]


def tf1_resized(x, size):
    """TensorFlow 1's bilinear: position i * old / new, neighbours cut at the edge."""
    for axis in (2, 3):
        n = x.shape[axis]
        at = torch.arange(size) * (n / size)
        low = at.floor().long()
        t = (at - low).reshape((-1, 1) if axis == 2 else (-1,))
        x = x.index_select(axis, low) * (1 - t) + x.index_select(axis, (low + 1).clamp(max=n - 1)) * t
    return x


def inception(side):
    cases = {}
    for rule in ("pytorch-bilinear", "tf1-bilinear"):
        x = image(side)
        if rule == "tf1-bilinear":
            x = (tf1_resized(x, 299) - 128) / 128
        else:
            x = F.interpolate(x, (299, 299), mode="bilinear", align_corners=False) / 127.5 - 1
        n = Inception()
        blocks = n.blocks(x)
        logits = n.linear(blocks[3], "fc", 9)
        cases[rule] = {"blocks": [numbers(b) for b in blocks], "logits": numbers(logits), "spatial": numbers(n.spatial)}
    bias = numbers(n.tensor("fc.bias", (9,)))
    return {"side": side, "shapes": n.shapes, "bias": bias, "cases": cases}


def numbers(t):
    return [float(f"{v:.9g}") for v in t.flatten().tolist()]


def mobile(body, side):
    n = Net()
    features = body(n, (image(side) - 128) / 128)
    logits = n.linear(features, "classifier", 7)
    return {"side": side, "shapes": n.shapes, "features": numbers(features), "logits": numbers(logits)}


if __name__ == "__main__":
    # odd sides, so that SAME pads evenly in some layers and unevenly in others
    cases = {"MobileNetV1": mobile(mobile_v1, 75), "MobileNetV2": mobile(mobile_v2, 90), "Inception": inception(40)}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "networks.json")
    with open(path, "w") as out:
        json.dump(cases, out, separators=(",", ":"))
        out.write("\n")
