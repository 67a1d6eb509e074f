"""`save` and `load`: what goes in comes out, complete or not at all."""

import os
from pathlib import Path

import numpy as np
import pytest

from spiraltorch_web import io, nn, optim
from spiraltorch_web.dtypes import bool_, float16, int32, uint32
from spiraltorch_web.errors import ArgumentError, FileFormatError
from spiraltorch_web.tensor import Tensor, tensor, zeros
from tests.support.waiting import finish


def state() -> dict[str, Tensor]:
    return {
        "weight": tensor([[0.1, -2.5], [3.0, 4.0]]),
        "scalar": tensor(7.25),
        "count": tensor([-1, 2**31 - 1], dtype=int32),
        "bits": tensor([2**32 - 1], dtype=uint32),
        "mask": tensor([True, False, True], dtype=bool_),
        "empty": zeros(0, 3),
    }


def check(loaded: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert set(loaded) == set(expected)
    for name, value in expected.items():
        assert loaded[name].dtype is value.dtype, name
        assert loaded[name].shape == value.shape, name
        assert loaded[name].tolist() == value.tolist(), name


@pytest.mark.parametrize("suffix", ["safetensors", "npz", "json"])
def test_a_state_comes_back(device, tmp_path, suffix):
    path = tmp_path / f"state.{suffix}"
    io.save(state(), path)
    check(io.load(path), state())


@pytest.mark.parametrize("suffix", ["safetensors", "npz", "npy"])
def test_half_precision_of_odd_length_comes_back(tmp_path, suffix):
    path = str(tmp_path / f"half.{suffix}")
    value = tensor([1.0, 2.0, 3.0], dtype=float16)
    io.save(value, path)
    loaded = io.load(path)
    loaded = loaded if suffix == "npy" else loaded["value"]
    assert loaded.dtype is float16
    assert loaded.tolist() == [1.0, 2.0, 3.0]


def test_a_model_and_its_metadata_come_back(device, tmp_path):
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    path = tmp_path / "model.safetensors"
    io.save(model, path, metadata={"epoch": "3"})
    other = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    other.load_state_dict(io.load(path))
    check(other.state_dict(), model.state_dict())
    assert io.load_metadata(path) == {"epoch": "3"}


def test_training_goes_on_from_a_checkpoint(device, tmp_path):
    def setup() -> tuple[nn.Module, optim.Optimizer]:
        model = nn.Linear(2, 1)
        return model, optim.Adam(model.parameters(), lr=0.1)

    def step(model: nn.Module, optimizer: optim.Optimizer) -> None:
        optimizer.zero_grad()
        (model(tensor([[1.0, 2.0]])) ** 2).sum().backward()
        optimizer.step()

    model, optimizer = setup()
    step(model, optimizer)
    path = tmp_path / "run.safetensors"
    io.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1, "best": float("inf")}, path)
    step(model, optimizer)

    again, its_optimizer = setup()
    checkpoint = io.load(path)
    again.load_state_dict(checkpoint["model"])
    its_optimizer.load_state_dict(checkpoint["optimizer"])
    assert (checkpoint["epoch"], checkpoint["best"]) == (1, float("inf"))
    step(again, its_optimizer)
    assert again.weight.tolist() == model.weight.tolist()
    assert io.load_metadata(path) == {}


def test_numpy_and_safetensors_agree_on_the_bytes(tmp_path):
    np.savez(tmp_path / "theirs.npz", weight=np.asfortranarray([[1.5, 2.5], [3.5, 4.5]]))
    loaded = io.load(tmp_path / "theirs.npz")
    io.save(loaded, tmp_path / "ours.npz")
    np.testing.assert_array_equal(np.load(tmp_path / "ours.npz")["weight"], [[1.5, 2.5], [3.5, 4.5]])


def test_bytes_load_without_a_file():
    from spiraltorch_web.io.files import FORMATS
    from spiraltorch_web.io.safetensors import encode

    assert io.loads(encode({}), "safetensors") == {}
    with pytest.raises(ArgumentError, match=", ".join(FORMATS)):
        io.loads(b"", "zip")


def test_saving_without_blocking(tmp_path):
    finish(io.save_async({"w": tensor([1.0])}, tmp_path / "w.json"))
    assert io.load(tmp_path / "w.json")["w"].tolist() == [1.0]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "w.npy"
    io.save(tensor([1.0]), path)

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        io.save(tensor([2.0]), path)
    monkeypatch.undo()
    assert io.load(path).tolist() == [1.0]
    assert os.listdir(tmp_path) == ["w.npy"]


def test_a_damaged_file_loads_nothing(tmp_path):
    path = tmp_path / "model.safetensors"
    io.save(state(), path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FileFormatError):
        io.load(path)
    outline = {"spiraltorch.outline": '{"tensor":"missing"}'}
    io.save({"w": tensor([1.0])}, path, metadata=outline)
    with pytest.raises(FileFormatError, match="no tensor 'missing'"):
        io.load(path)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda path: io.load("model.pt"), "pickled files can run code"),
        (lambda path: io.save({}, "model.txt"), "suffix"),
        (lambda path: io.save({"a": [tensor([1.0])]}, path / "x.npz"), "nested values"),
        (lambda path: io.save({"a": tensor([1.0])}, path / "x.json", metadata={"a": "b"}), "metadata"),
        (lambda path: io.save({"a": tensor([1.0]), "b": tensor([1.0])}, path / "x.npy"), "one tensor"),
        (lambda path: io.save({"a": tensor([float("nan")])}, path / "x.json"), "NaN"),
        (lambda path: io.save({"a": {1, 2}}, path / "x.safetensors"), "is a set"),
        (lambda path: io.load_metadata("x.npz"), "only .safetensors"),
    ],
)
def test_wrong_arguments_say_what_fits(tmp_path, run, message):
    with pytest.raises(ArgumentError, match=message):
        run(tmp_path)
    assert list(Path(tmp_path).iterdir()) == []
