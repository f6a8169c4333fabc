"""Writes oracle.json: files made by NumPy and by the safetensors package, with what is in them.

Run it by hand after a change: python3 test/formats/oracle.py (needs numpy and safetensors).
"""

import base64
import io
import json
import pathlib

import numpy as np
import safetensors
from safetensors.numpy import save

f4 = (np.arange(24, dtype="<f4").reshape(2, 3, 4) - 7.5) / 3
arrays = {
    "f4": f4,
    "f8": np.array([np.pi, -1e300, 5e-324]),
    "scalar": np.array(2.5, dtype="<f4"),
    "empty": np.zeros((0, 3), dtype="<f8"),
    "i1": np.array([-128, 127], dtype="i1"),
    "i2": np.array([[-32768], [32767]], dtype="<i2"),
    "i4": np.array([-(2**31), 2**31 - 1], dtype="<i4"),
    "i8": np.array([-(2**53) + 1, 2**53 - 1], dtype="<i8"),
    "u1": np.arange(6, dtype="u1").reshape(1, 2, 3),
    "u2": np.array([65535], dtype="<u2"),
    "u4": np.array([2**32 - 1], dtype="<u4"),
    "u8": np.array([2**53 - 1], dtype="<u8"),
    "f2": np.array([1, -2.5, 6e-8, 65504], dtype="<f2"),
    "b1": np.array([True, False]),
    "fortran f4": np.asfortranarray(f4),
    "fortran i8": np.asfortranarray(np.arange(6, dtype="<i8").reshape(2, 3)),
    "big-endian f4": f4.astype(">f4"),
    "big-endian fortran f8": np.asfortranarray(np.arange(6, dtype=">f8").reshape(3, 2)),
    "big-endian u8": np.array([2**53 - 1, 1], dtype=">u8"),
}
refused = {
    "object": np.array([{}, None], dtype=object),
    "structured": np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f4")]),
    "complex": np.array([1j]),
    "text": np.array(["abc"]),
    "beyond 2^53": np.array([2**53], dtype="<i8"),
}
statistics = {"mu": np.arange(3.0), "sigma": np.eye(3), "n": np.array(100)}
tensors = {
    "0.bias": np.array([1.5, -2], dtype="<f4"),
    "0.weight": f4.reshape(2, 12),
    "__proto__": np.array(3, dtype="<f4"),
    "é": np.zeros((0, 4), dtype="<f4"),
}
mixed = {"a": np.array([1, 2, 3], dtype="u1"), "b": np.array([1, -2.5], dtype="<f2"), "c": np.array([-1], dtype="<i8")}


def text(file_bytes):
    return base64.b64encode(file_bytes).decode()


def file(write, *args, **kwargs):
    buffer = io.BytesIO()
    write(buffer, *args, **kwargs)
    return text(buffer.getvalue())


def content(array):
    return {"dtype": array.dtype.str[1:], "shape": array.shape, "values": array.astype(float).ravel().tolist()}


def pairs(named):
    # a list: as an object key, __proto__ would vanish on its way into JavaScript
    return [{"name": name, **content(array)} for name, array in named.items()]


oracle = {
    "versions": {"numpy": np.__version__, "safetensors": safetensors.__version__},
    "npy": {name: {"file": file(np.save, array), **content(array)} for name, array in arrays.items()},
    "refused": {name: file(np.save, array, allow_pickle=True) for name, array in refused.items()},
    "npz": {
        "stored": file(np.savez, **statistics),
        "deflated": file(np.savez_compressed, **statistics),
        "arrays": {name: content(array) for name, array in statistics.items()},
    },
    "safetensors": {
        "f32": {"file": text(save(tensors, {"format": "pt"})), "tensors": pairs(tensors)},
        "mixed": {"file": text(save(mixed)), "tensors": pairs(mixed)},
    },
}
target = pathlib.Path(__file__).with_name("oracle.json")
target.write_text(json.dumps(oracle, indent=1) + "\n")
