"""Writes resize.json: images resized by PyTorch's interpolate and by PIL, for test/table/rows/resize.ts.

    python3 test/oracles/resize.py > test/oracles/resize.json        # PyTorch, Pillow
"""

import json

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image


def image(height, width):
    """Values in [0, 1) that repeat after 101 elements, as float32."""
    size = height * width
    return np.array([((i * 37) % 101) / 101 for i in range(size)], np.float32).reshape(height, width)


def torch_case(old, new, mode, **options):
    x = torch.from_numpy(image(*old)).double()[None, None]
    names = {"alignCorners": "align_corners", "antialias": "antialias"}
    given = {names[name]: value for name, value in options.items() if name != "scale"}
    if "scale" in options:
        given["scale_factor"] = options["scale"]
        y = F.interpolate(x, mode=mode, recompute_scale_factor=False, **given)
    else:
        y = F.interpolate(x, size=new, mode=mode, **given)
    return {"old": old, "new": list(y.shape[2:]), "options": {"mode": mode, **options}, "values": y.flatten().tolist()}


def pil_case(old, new, mode):
    filters = {
        "nearest": Image.NEAREST,
        "box": Image.BOX,
        "bilinear": Image.BILINEAR,
        "bicubic": Image.BICUBIC,
        "lanczos": Image.LANCZOS,
    }
    y = np.asarray(Image.fromarray(image(*old), mode="F").resize((new[1], new[0]), filters[mode]))
    return {"old": old, "new": new, "options": {"mode": mode, "rule": "pil"}, "values": y.astype(float).flatten().tolist()}


SIZES = [([4, 5], [8, 10]), ([7, 6], [3, 4]), ([5, 9], [7, 4]), ([3, 4], [3, 7])]
cases = []
for old, new in SIZES:
    for mode in ["nearest", "nearest-exact"]:
        cases.append(torch_case(old, new, mode))
    for mode in ["bilinear", "bicubic"]:
        cases.append(torch_case(old, new, mode))
        cases.append(torch_case(old, new, mode, alignCorners=True))
        cases.append(torch_case(old, new, mode, antialias=True))
    for mode in ["nearest", "box", "bilinear", "bicubic", "lanczos"]:
        cases.append(pil_case(old, new, mode))
for mode in ["nearest", "bilinear", "bicubic"]:
    cases.append(torch_case([5, 4], None, mode, scale=1.7))
    cases.append(torch_case([5, 8], None, mode, scale=0.6))
print(json.dumps({"torch": torch.__version__, "pillow": Image.__version__ if hasattr(Image, "__version__") else None, "cases": cases}))
