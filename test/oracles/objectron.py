"""Writes objectron.tflite and objectron_expected.json into a folder: what real-networks.ts compares Objectron with, in float64.

    /usr/bin/python3 test/oracles/objectron.py objectron_solution_packed_assets.data FOLDER     (Debian: apt-get install python3-torch)

The packed file is that of npm's @mediapipe/objectron. The graph is read here by offsets of its own, and run by PyTorch.
"""

import json
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F

from networks import image, numbers

torch.set_default_dtype(torch.float64)
packed = open(sys.argv[1], "rb").read()
data = packed[packed.index(b"TFL3") - 4:]
open(sys.argv[2] + "/objectron.tflite", "wb").write(data)


def word(at, kind="<I"):
    return struct.unpack_from(kind, data, at)[0]


def field(table, n):
    """Where field n of a table is, or None."""
    vtable = table - word(table, "<i")
    offset = word(vtable + 4 + 2 * n, "<H") if 4 + 2 * n < word(vtable, "<H") else 0
    return table + offset if offset else None


def ref(table, n):
    at = field(table, n)
    return None if at is None else at + word(at)


def ints(table, n):
    at = ref(table, n)
    return [] if at is None else [word(at + 4 + 4 * i, "<i") for i in range(word(at))]


def tables(table, n):
    at = ref(table, n)
    return [at + 4 + 4 * i + word(at + 4 + 4 * i) for i in range(word(at))]


def scalar(table, n, default=0, kind="<b"):
    at = field(table, n)
    return default if at is None else word(at, kind)


model = word(0)
graph = tables(model, 2)[0]
codes = [max(scalar(c, 0), scalar(c, 3, 0, "<i")) for c in tables(model, 1)]
buffers = tables(model, 4)
constants = {}
for i, t in enumerate(tables(graph, 0)):
    at = ref(buffers[scalar(t, 2, 0, "<I")], 0)
    if at is not None and word(at):
        dtype = {0: "<f4", 1: "<f2", 2: "<i4"}[scalar(t, 1)]
        constants[i] = torch.tensor(np.frombuffer(data[at + 4:at + 4 + word(at)], dtype).astype(float)).reshape(ints(t, 0))


def same(x, kernel, stride):
    pads = [max(0, (-(-n // s) - 1) * s + k - n) for n, k, s in zip(x.shape[2:], kernel, stride)]
    return F.pad(x, (pads[1] // 2, pads[1] - pads[1] // 2, pads[0] // 2, pads[0] - pads[0] // 2))


def run(x):
    """Results by tensor, channels last; and the 1280 channels that the heads read."""
    values = {ints(graph, 1)[0]: x, **constants}
    last = None
    for op in tables(graph, 3):
        code, inputs, out, options = codes[scalar(op, 0, 0, "<I")], ints(op, 1), ints(op, 2)[0], ref(op, 4)
        a = values[inputs[0]]
        activation = 0
        if code in (3, 4):
            w, b = values[inputs[1]], values[inputs[2]]
            stride = [scalar(options, 2, 0, "<i"), scalar(options, 1, 0, "<i")]
            kernel = w.permute(0, 3, 1, 2) if code == 3 else w.permute(3, 0, 1, 2)
            if code == 3 and a.shape[-1] == 1280:
                last = a
            y = same(a.permute(0, 3, 1, 2), kernel.shape[2:], stride)
            y = F.conv2d(y, kernel, b, stride, groups=1 if code == 3 else kernel.shape[0]).permute(0, 2, 3, 1)
            activation = scalar(options, 3 if code == 3 else 4)
        elif code == 0:
            y = a + values[inputs[1]]
            activation = scalar(options, 0)
        elif code == 2:
            y = torch.cat([values[i] for i in inputs], scalar(options, 0, 0, "<i"))
        elif code == 22:
            y = a.reshape([int(n) for n in values[inputs[1]].tolist()])
        else:
            assert code == 6, code
            y = a
        values[out] = y.clamp(0, 6) if activation == 3 else y
    return [values[i] for i in ints(graph, 2)], last


def anchors():
    scales = [0.2 + 0.75 * k / 5 for k in range(6)] + [1]
    for k, n in enumerate((19, 10, 5, 3, 2, 1)):
        s = scales[k]
        kinds = [(0.1, 1), (s, 2), (s, 0.5)] if k == 0 else [(s, r) for r in (1, 2, 0.5, 3, 0.3333)] + [((s * scales[k + 1]) ** 0.5, 1)]
        for y in range(n):
            for x in range(n):
                for scale, ratio in kinds:
                    yield (x + 0.5) / n, (y + 0.5) / n, scale * ratio**0.5, scale / ratio**0.5


def iou(a, b):
    w = min(a[2] + a[4], b[2] + b[4]) - max(a[2], b[2])
    h = min(a[3] + a[5], b[3] + b[5]) - max(a[3], b[3])
    return 0 if w <= 0 or h <= 0 else w * h / (a[4] * a[5] + b[4] * b[5] - w * h)


THRESHOLD = 0.1  # formulas show no things: what it is least unsure of is compared


def detections(boxes, logits):
    """[class, score, x, y, width, height] in pixels of 300, above the threshold, best first, greedy at 0.4."""
    found = []
    for (ax, ay, aw, ah), (ty, tx, th, tw), scores in zip(anchors(), boxes.tolist(), logits.sigmoid()):
        best = 1 + int(scores[1:].argmax())
        w, h = aw * np.exp(tw / 5), ah * np.exp(th / 5)
        found.append([best, float(scores[best]), 300 * (ax + tx / 10 * aw - w / 2), 300 * (ay + ty / 10 * ah - h / 2), 300 * w, 300 * h])
    kept = []
    for box in sorted((b for b in found if b[1] > THRESHOLD), key=lambda b: -b[1]):
        if all(iou(box, k) <= 0.4 for k in kept):
            kept.append(box)
    return sum(kept, [])


x, y = torch.meshgrid(torch.arange(300), torch.arange(300), indexing="xy")
smooth = [((((3 - c) * x + (1 + c) * y + 80 * c) & 511) - 256).abs().clamp(max=255) for c in range(3)]
cases = []
for name, picture in (("texture", image(300)), ("smooth", torch.stack(smooth)[None].double())):
    (boxes, logits), last = run(picture.permute(0, 2, 3, 1) / 127.5 - 1)
    cases.append({
        "image": name,
        "features": numbers(last.mean((1, 2))),
        "boxes": numbers(boxes),
        "logits": numbers(logits),
        "threshold": THRESHOLD,
        "detections": [float(v) for v in detections(boxes[0], logits[0])],
    })
with open(sys.argv[2] + "/objectron_expected.json", "w") as out:
    json.dump(cases, out)
