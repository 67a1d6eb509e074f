"""Writes golden.json with PyTorch: python tests/nn/make_golden.py (made with torch 2.13.0, CPU).

For every layer: PyTorch's state dict, an input, the output, and the gradients of sum(output · cotangent). For every
loss: prediction, target, value and gradient.
"""

import json
from pathlib import Path

import torch
from torch import nn

LAYERS = [
    ("Linear", [4, 3], {}, [2, 5, 4]),
    ("Linear", [4, 3], {"bias": False}, [4]),
    ("Conv1d", [2, 4, 3], {"stride": 2, "padding": 1}, [2, 2, 7]),
    ("Conv2d", [2, 4, 3], {"padding": "same", "groups": 2}, [2, 2, 5, 4]),
    ("Conv2d", [3, 2, [2, 3]], {"stride": [2, 1], "padding": [1, 0], "dilation": [1, 2], "bias": False}, [1, 3, 5, 6]),
    ("ConvTranspose2d", [3, 4, 3], {"stride": 2, "padding": 1, "output_padding": 1, "groups": 1}, [2, 3, 3, 2]),
    ("ConvTranspose2d", [4, 2, [2, 3]], {"groups": 2, "dilation": 2, "bias": False}, [1, 4, 3, 3]),
    ("LayerNorm", [[3, 4]], {}, [2, 3, 4]),
    ("LayerNorm", [4], {"eps": 1e-3, "elementwise_affine": False}, [5, 4]),
    ("BatchNorm1d", [3], {}, [6, 3]),
    ("BatchNorm1d", [3], {"momentum": None, "eps": 1e-3}, [4, 3, 2]),
    ("BatchNorm2d", [2], {"affine": False}, [3, 2, 2, 3]),
    ("ReLU", [], {}, [3, 4]),
    ("GELU", [], {}, [3, 4]),
    ("GELU", [], {"approximate": "tanh"}, [3, 4]),
    ("Tanh", [], {}, [3, 4]),
    ("Sigmoid", [], {}, [3, 4]),
    ("Softmax", [1], {}, [3, 4]),
    ("LogSoftmax", [0], {}, [3, 4]),
    ("LeakyReLU", [0.2], {}, [3, 4]),
    ("SiLU", [], {}, [3, 4]),
    ("ELU", [0.7], {}, [3, 4]),
    ("Softplus", [2.0, 1.0], {}, [3, 4]),
    ("Flatten", [], {}, [2, 3, 2]),
    ("Unflatten", [1, [2, 3]], {}, [2, 6]),
    ("MaxPool2d", [2], {}, [1, 2, 5, 4]),
    ("MaxPool2d", [3], {"stride": 2, "padding": 1, "ceil_mode": True}, [1, 2, 5, 4]),
    ("AvgPool2d", [2], {"padding": 1}, [1, 2, 4, 5]),
    ("AvgPool2d", [[2, 3]], {"stride": 1, "padding": [1, 1], "count_include_pad": False}, [1, 1, 4, 5]),
    ("AdaptiveAvgPool2d", [1], {}, [2, 3, 4, 5]),
    ("AdaptiveAvgPool2d", [[2, 3]], {}, [1, 2, 5, 4]),
]

ATTENTION = [
    {"shapes": [[5, 2, 6]], "settings": {}, "masks": []},
    {"shapes": [[2, 4, 6]], "settings": {"batch_first": True, "bias": False}, "masks": ["causal"]},
    {"shapes": [[3, 6], [4, 5], [4, 7]], "settings": {"kdim": 5, "vdim": 7}, "masks": []},
    {"shapes": [[2, 3, 6], [2, 4, 6], [2, 4, 6]], "settings": {"batch_first": True}, "masks": ["padding"]},
    {"shapes": [[2, 3, 6], [2, 4, 6], [2, 4, 6]], "settings": {"batch_first": True}, "masks": ["padding", "float"]},
    {"shapes": [[2, 3, 6], [2, 4, 6], [2, 4, 6]], "settings": {"batch_first": True}, "masks": ["per head"]},
]

INDICES = [0, 2, 1, 2]
LOSSES = [
    ("MSELoss", {}, [3, 4], "normal"),
    ("MSELoss", {"reduction": "sum"}, [3, 4], "normal"),
    ("L1Loss", {}, [3, 4], "normal"),
    ("HuberLoss", {"delta": 0.5}, [3, 4], "normal"),
    ("BCEWithLogitsLoss", {}, [3, 4], "unit"),
    ("BCEWithLogitsLoss", {"weight": [0.5, 1.0, 2.0, 1.5], "pos_weight": [3.0, 1.0, 0.5, 2.0]}, [3, 4], "unit"),
    ("NLLLoss", {"weight": [0.5, 1.0, 2.0]}, [4, 3], "index"),
    ("CrossEntropyLoss", {}, [4, 3], "index"),
    ("CrossEntropyLoss", {}, [3], "single"),
    ("CrossEntropyLoss", {"reduction": "none"}, [4, 3], "index"),
    ("CrossEntropyLoss", {"reduction": "sum", "label_smoothing": 0.2}, [4, 3], "index"),
    ("CrossEntropyLoss", {"weight": [0.5, 1.0, 2.0], "label_smoothing": 0.1}, [4, 3], "index"),
    ("CrossEntropyLoss", {"ignore_index": 2}, [4, 3], "index"),
    ("CrossEntropyLoss", {"ignore_index": -1, "weight": [0.5, 1.0, 2.0], "label_smoothing": 0.3}, [4, 3], "ignored"),
    ("CrossEntropyLoss", {"ignore_index": -1, "label_smoothing": 0.3}, [4, 3], "ignored"),
    ("CrossEntropyLoss", {}, [2, 3, 2], "image"),
    ("CrossEntropyLoss", {}, [4, 3], "probabilities"),
    ("CrossEntropyLoss", {"weight": [0.5, 1.0, 2.0], "label_smoothing": 0.1}, [4, 3], "probabilities"),
]


def wave(shape: list[int], shift: float = 0.0) -> torch.Tensor:
    """Fixed values of both signs, none of them equal."""
    count = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return (torch.sin(count * 1.3 + shift) * 1.5 + torch.cos(count * 0.37) * 0.5).float().reshape(shape)


def listed(state: dict) -> dict:
    return {key: value.tolist() for key, value in state.items()}


def built(kind: str, arguments: list, settings: dict) -> nn.Module:
    torch.manual_seed(0)
    tuples = [tuple(value) if isinstance(value, list) else value for value in arguments]
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}
    return getattr(nn, kind)(*tuples, **options)


def layer(kind: str, arguments: list, settings: dict, shape: list[int]) -> dict:
    module = built(kind, arguments, settings)
    state = listed(module.state_dict())
    input = wave(shape).requires_grad_()
    output = module(input)
    output.backward(wave(list(output.shape), 0.5))
    result = {"kind": kind, "arguments": arguments, "settings": settings, "state": state}
    result |= {"input": input.tolist(), "output": output.tolist(), "input_grad": input.grad.tolist()}
    result["gradients"] = {name: parameter.grad.tolist() for name, parameter in module.named_parameters()}
    result["state_after"] = listed(module.state_dict())
    result["evaluated"] = module.eval()(input).tolist()
    return result


def attention(shapes: list, settings: dict, masks: list[str]) -> dict:
    torch.manual_seed(0)
    module = nn.MultiheadAttention(6, 2, **settings)
    inputs = [wave(shape, index).requires_grad_() for index, shape in enumerate(shapes)]
    query, key, value = inputs * 3 if len(inputs) == 1 else inputs
    options = {}
    if "padding" in masks:
        options["key_padding_mask"] = torch.tensor([[False, False, True, True], [False, True, False, False]])
    if "causal" in masks:
        options["attn_mask"] = torch.triu(torch.ones(4, 4, dtype=torch.bool), 1)
    if "float" in masks:
        options["attn_mask"] = wave([3, 4], 2.0)
        options["key_padding_mask"] = torch.where(options["key_padding_mask"], -torch.inf, 0.0)
    if "per head" in masks:
        options["attn_mask"] = torch.arange(4 * 3 * 4).reshape(4, 3, 4) % 5 == 0
    output, weights = module(query, key, value, **options)
    _, separate = module(query, key, value, average_attn_weights=False, **options)
    output.backward(wave(list(output.shape), 0.5))
    options = {
        key: ["-inf" if v == -torch.inf else v for v in value.flatten().tolist()] for key, value in options.items()
    }
    return {
        "settings": settings,
        "state": listed(module.state_dict()),
        "inputs": [entry.tolist() for entry in inputs],
        "masks": {key: {"values": values} for key, values in options.items()},
        "causal": "causal" in masks,
        "output": output.tolist(),
        "weights": weights.tolist(),
        "separate": separate.tolist(),
        "input_grads": [entry.grad.tolist() for entry in inputs],
        "gradients": {name: parameter.grad.tolist() for name, parameter in module.named_parameters()},
    }


def target_of(kind: str, shape: list[int]) -> torch.Tensor:
    if kind == "normal":
        return wave(shape, 2.0)
    if kind == "unit":
        return torch.sigmoid(wave(shape, 2.0))
    if kind == "probabilities":
        return torch.softmax(wave(shape, 2.0), 1)
    indices = {"index": INDICES, "single": 1, "ignored": [0, -1, 1, 2], "image": [[0, 2], [1, 1]]}
    return torch.tensor(indices[kind])


def loss(kind: str, settings: dict, shape: list[int], target_kind: str) -> dict:
    options = {key: torch.tensor(value) if isinstance(value, list) else value for key, value in settings.items()}
    prediction = wave(shape).requires_grad_()
    target = target_of(target_kind, shape)
    value = getattr(nn, kind)(**options)(prediction, target)
    value.sum().backward()
    result = {"kind": kind, "settings": settings, "prediction": prediction.tolist(), "target": target.tolist()}
    return {**result, "value": value.tolist(), "gradient": prediction.grad.tolist()}


def embedding() -> dict:
    torch.manual_seed(0)
    module = nn.Embedding(5, 3, padding_idx=1)
    index = torch.tensor([[0, 1, 4], [4, 2, 1]])
    output = module(index)
    output.backward(wave([2, 3, 3], 0.5))
    return {
        "state": listed(module.state_dict()),
        "index": index.tolist(),
        "output": output.tolist(),
        "gradient": module.weight.grad.tolist(),
    }


def rounded(value):
    """Nine digits tell every float32 apart."""
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(entry) for entry in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


if __name__ == "__main__":
    golden = {
        "layers": [layer(*entry) for entry in LAYERS],
        "attention": [attention(**entry) for entry in ATTENTION],
        "losses": [loss(*entry) for entry in LOSSES],
        "embedding": embedding(),
    }
    text = json.dumps(rounded(golden), separators=(",", ":"), allow_nan=False)
    Path(__file__).with_name("golden.json").write_text(text + "\n", encoding="utf-8")
