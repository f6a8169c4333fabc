"""Runs the lines of PyTorch that the page gives beside a saved VAE, on that file, and fills pytorch_lines.json with what they compute.

Each case holds a file as the package saved it (base64), the lines, and images x. Needs PyTorch (1.13); where the package safetensors is
not installed, its load_file is read from the format's description: https://github.com/huggingface/safetensors.

    python3 test/oracles/pytorch_lines.py
"""

import base64
import json
import os
import pathlib
import struct
import sys
import tempfile
import types

import torch

try:
    import safetensors.torch  # noqa: F401
except ModuleNotFoundError:

    def load_file(name):
        data = pathlib.Path(name).read_bytes()
        (size,) = struct.unpack("<Q", data[:8])
        kinds = {"F32": torch.float32, "U32": torch.int32}
        found = {}
        for key, entry in json.loads(data[8 : 8 + size]).items():
            if key == "__metadata__":
                continue
            start, stop = (8 + size + at for at in entry["data_offsets"])
            values = torch.frombuffer(bytearray(data[start:stop]), dtype=kinds[entry["dtype"]])
            found[key] = values.reshape(entry["shape"]).clone()
        return found

    sys.modules["safetensors"] = types.ModuleType("safetensors")
    sys.modules["safetensors.torch"] = types.ModuleType("safetensors.torch")
    sys.modules["safetensors.torch"].load_file = load_file

place = pathlib.Path(__file__).with_suffix(".json").resolve()
cases = json.loads(place.read_text())
for case in cases:
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        pathlib.Path(case["name"]).write_bytes(base64.b64decode(case["file"]))
        scope = {}
        exec(case["lines"], scope)
        os.chdir("/")
    model = scope["model"]
    with torch.no_grad():
        mean, log_var = model.encode(torch.tensor(case["x"]))
        case["mean"], case["logVar"], case["decoded"] = (t.tolist() for t in (mean, log_var, model.decode(mean)))
place.write_text(json.dumps(cases, indent=1) + "\n")
print(f"{len(cases)} files loaded and run by PyTorch {torch.__version__}")
