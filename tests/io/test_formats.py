"""The file formats on plain arrays: what they write, what they read, what they refuse."""

import json
import struct
from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as strategy

from spiraltorch_web.dtypes import bool_, float16, float32, int32, uint32
from spiraltorch_web.errors import ArgumentError, DTypeError, FileFormatError
from spiraltorch_web.io import json_state, npy, safetensors, tree
from spiraltorch_web.io.arrays import Array

NUMPY_TYPE = {float32: "<f4", float16: "<f2", int32: "<i4", uint32: "<u4", bool_: "<u4"}


def as_numpy(value: Array) -> np.ndarray:
    return np.frombuffer(value.data, NUMPY_TYPE[value.dtype]).reshape(value.shape)


def floats(*shape: int) -> Array:
    values = np.random.default_rng(7).standard_normal(shape, np.float32)
    return Array(float32, shape, values.tobytes())


SAMPLES = {
    "weight": floats(3, 4),
    "scalar": floats(),
    "empty": Array(float32, (0, 5), b""),
    "half": Array(float16, (3,), np.arange(3, dtype="<f2").tobytes()),
    "count": Array(int32, (2,), array("i", [-1, 2**31 - 1]).tobytes()),
    "bits": Array(uint32, (1, 1), array("I", [2**32 - 1]).tobytes()),
    "mask": Array(bool_, (2, 2), array("I", [1, 0, 0, 1]).tobytes()),
    "naïve.layer\n": floats(2, 1, 2),
}


def with_header(header: object, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def row(dtype: str = "F32", shape: object = (1,), offsets: object = (0, 4)) -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


# --- round trips ------------------------------------------------------------------------------------------------


def test_safetensors_round_trip_keeps_everything():
    arrays, metadata = safetensors.decode(safetensors.encode(SAMPLES, {"format": "test", "ü": "ß"}))
    assert arrays == SAMPLES
    assert metadata == {"format": "test", "ü": "ß"}


def test_safetensors_bytes_are_as_the_format_says():
    data = safetensors.encode({"b": Array(bool_, (1,), array("I", [1]).tobytes()), "w": floats(2)})
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    assert length % 8 == 0
    assert header == {
        "w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        "b": {"dtype": "BOOL", "shape": [1], "data_offsets": [8, 9]},
    }
    assert data[8 + length :] == floats(2).data + b"\x01"


def test_npz_is_what_numpy_reads():
    import io

    with np.load(io.BytesIO(npy.encode_npz(SAMPLES))) as loaded:
        assert set(loaded.files) == set(SAMPLES)
        for name, value in SAMPLES.items():
            np.testing.assert_array_equal(loaded[name], as_numpy(value))
        assert loaded["mask"].dtype == np.bool_


@pytest.mark.parametrize("compressed", [False, True])
def test_npz_reads_what_numpy_writes(compressed):
    import io

    target = io.BytesIO()
    given_arrays = {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3),
        "b": np.array([True, False]),
        "c": np.float64(2.5),
    }
    (np.savez_compressed if compressed else np.savez)(target, **given_arrays)
    loaded = npy.decode_npz(target.getvalue())
    assert {name: value.shape for name, value in loaded.items()} == {"a": (2, 3), "b": (2,), "c": ()}
    for name, value in loaded.items():
        np.testing.assert_array_equal(as_numpy(value), given_arrays[name])


@pytest.mark.parametrize("descr", ["<f8", ">f4", "<f2", ">i8", "<i2", "|i1", ">u8", "<u4", "<u2", "|u1", "|b1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_reads_every_number_type(descr, order):
    import io

    values = np.asarray(np.arange(24).reshape(2, 3, 4) % 2 if descr == "|b1" else np.arange(24).reshape(2, 3, 4))
    target = io.BytesIO()
    np.save(target, np.asarray(values, dtype=descr, order=order))
    np.testing.assert_array_equal(as_numpy(npy.decode_npy(target.getvalue())), values)


def test_npy_round_trip_keeps_everything():
    for value in SAMPLES.values():
        data = npy.encode_npy(value)
        assert npy.decode_npy(data) == value
        assert data.index(b"\n") % 64 == 63


def test_json_round_trip_keeps_everything_finite():
    kept = {name: value for name, value in SAMPLES.items() if value.dtype is not float16}
    assert json_state.decode(json_state.encode(kept)) == kept


def test_json_of_a_matrix_is_the_plain_form():
    text = json_state.encode({"w": Array(float32, (1, 2), array("f", [0.5, -2]).tobytes())})
    assert json.loads(text) == {"parameters": {"w": {"rows": 1, "cols": 2, "data": [0.5, -2.0]}}}


def test_wide_types_are_narrowed():
    body = struct.pack("<q", -5) + struct.pack("<d", 0.1) + struct.pack("<H", 0x3FC0)
    header = {"n": row("I64", [1], [0, 8]), "x": row("F64", [1], [8, 16]), "h": row("BF16", [1], [16, 18])}
    arrays, _ = safetensors.decode(with_header(header, body))
    assert as_numpy(arrays["n"]).tolist() == [-5]
    assert as_numpy(arrays["x"]).tolist() == [np.float32(0.1)]
    assert as_numpy(arrays["h"]).tolist() == [1.5]


def test_an_integer_that_does_not_fit_is_an_error():
    with pytest.raises(DTypeError, match="does not fit int32"):
        safetensors.decode(with_header({"n": row("I64", [1], [0, 8])}, struct.pack("<q", 2**31)))


# --- refusals ---------------------------------------------------------------------------------------------------

HOSTILE_SAFETENSORS = {
    "empty": (b"", "needs at least 8"),
    "huge header": (struct.pack("<Q", 1 << 62) + b"{}", "longer than"),
    "header past the end": (struct.pack("<Q", 100) + b"{}", "does not fit a file"),
    "not an object": (with_header([1]), "does not start with"),
    "broken JSON": (with_header(b'{"a":'), "not readable as JSON"),
    "broken UTF-8": (with_header(b'{"\xff":1}'), "not readable as JSON"),
    "deep nesting": (with_header(b'{"a":' + b"[" * 100_000), "not readable as JSON"),
    "duplicate key": (with_header(b'{"a":1,"a":2}'), "appears twice"),
    "unknown dtype": (with_header({"a": row("C64")}, b"1234"), "dtype 'C64'"),
    "negative shape": (with_header({"a": row(shape=[-1])}, b"1234"), "not a whole number"),
    "fractional shape": (with_header({"a": row(shape=[1.0])}, b"1234"), "not a whole number"),
    "bool shape": (with_header({"a": row(shape=[True])}, b"1234"), "not a whole number"),
    "huge shape": (with_header({"a": row(shape=[1 << 40, 1 << 40])}, b"1234"), "takes"),
    "many dimensions": (with_header({"a": row(shape=[1] * 40)}, b"1234"), "40 dimensions"),
    "backward range": (with_header({"a": row(offsets=[4, 0])}, b"1234"), "not a range"),
    "range past the end": (with_header({"a": row(shape=[2], offsets=[0, 8])}, b"1234"), "the file holds 4"),
    "trailing bytes": (with_header({"a": row()}, b"12345678"), "the file holds 8"),
    "overlap": (with_header({"a": row(), "b": row()}, b"1234"), "overlaps"),
    "gap": (with_header({"a": row(), "b": row(offsets=[8, 12])}, b"123456789012"), "gap"),
    "extra field": (with_header({"a": {**row(), "x": 1}}, b"1234"), "nothing else"),
    "metadata of numbers": (with_header({"__metadata__": {"a": 1}}), "metadata are strings"),
    "metadata no object": (with_header({"__metadata__": []}), "object of strings"),
}


@pytest.mark.parametrize("name", HOSTILE_SAFETENSORS)
def test_hostile_safetensors_are_refused(name):
    data, message = HOSTILE_SAFETENSORS[name]
    with pytest.raises(FileFormatError, match=message):
        safetensors.decode(data)


def npy_file(header: str, body: bytes = b"") -> bytes:
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


HOSTILE_NPY = {
    "empty": (b"", "not a .npy file"),
    "version": (b"\x93NUMPY\x09\x00\x00\x00", "version 9"),
    "header past the end": (b"\x93NUMPY\x01\x00\xff\xff{}", "does not fit"),
    "pickle": (npy_file("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"\x80\x04."), "pickle"),
    "structured": (npy_file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}"), "cannot be read"),
    "complex": (npy_file("{'descr': '<c8', 'fortran_order': False, 'shape': ()}"), "not readable"),
    "code in the header": (npy_file("{'descr': __import__('os'), 'shape': ()}"), "cannot be read"),
    "missing field": (npy_file("{'descr': '<f4', 'shape': ()}"), "needs descr"),
    "extra field": (npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': (), 'x': 'y'}"), "needs descr"),
    "field twice": (npy_file("{'descr': '<f4', 'descr': '<f4', 'shape': ()}"), "cannot be read"),
    "short data": (npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", b"1234"), "holds 4"),
    "long data": (npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", b"12345"), "holds 5"),
    "huge shape": (npy_file("{'descr': '<f4', 'fortran_order': True, 'shape': (99999999999, 9)}"), "takes"),
    "negative shape": (npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"), "cannot be read"),
    "strange digits": (npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': (²,)}"), "shape|cannot be read"),
}


@pytest.mark.parametrize("name", HOSTILE_NPY)
def test_hostile_npy_is_refused(name):
    data, message = HOSTILE_NPY[name]
    with pytest.raises(FileFormatError, match=message):
        npy.decode_npy(data)


def test_npz_refuses_other_members_duplicates_and_bombs(monkeypatch):
    import io
    import zipfile

    def archive(*names: str) -> bytes:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as file:
            for name in names:
                file.writestr(name, npy.encode_npy(floats(4)))
        return target.getvalue()

    with pytest.raises(FileFormatError, match="not a .npy member"):
        npy.decode_npz(archive("readme.txt"))
    with pytest.warns(UserWarning, match="Duplicate name"), pytest.raises(FileFormatError, match="appears twice"):
        npy.decode_npz(archive("a.npy", "a.npy"))
    with pytest.raises(FileFormatError, match="zip archive"):
        npy.decode_npz(b"PK nothing")
    monkeypatch.setattr(npy, "MAX_UNPACKED_BYTES", 100)
    with pytest.raises(FileFormatError, match="unpacks to"):
        npy.decode_npz(archive("a.npy"))


HOSTILE_JSON = {
    "not JSON": (b"\x80\x04", "not readable"),
    "NaN": (b'{"parameters":{"w":{"rows":1,"cols":1,"data":[NaN]}}}', "NaN is not JSON"),
    "list": (b"[]", "parameters"),
    "no rows": (b'{"parameters":{"w":{"cols":1,"data":[1]}}}', "needs rows"),
    "wrong count": (b'{"parameters":{"w":{"rows":2,"cols":1,"data":[1]}}}', "needs 2 numbers"),
    "text": (b'{"parameters":{"w":{"rows":1,"cols":1,"data":["1"]}}}', "not a float32"),
    "negative": (b'{"parameters":{"w":{"rows":-1,"cols":-1,"data":[1]}}}', "has shape"),
    "dtype": (b'{"parameters":{"w":{"rows":1,"cols":1,"data":[1],"dtype":"float64"}}}', "dtype"),
    "range": (b'{"parameters":{"w":{"rows":1,"cols":1,"data":[4294967296],"dtype":"int32"}}}', "does not fit"),
    "bool": (b'{"parameters":{"w":{"rows":1,"cols":1,"data":[2],"dtype":"bool"}}}', "not a bool"),
    "big integer": (b'{"parameters":{"w":{"rows":1,"cols":1,"data":[' + b"9" * 400 + b"]}}}", "does not fit"),
}


@pytest.mark.parametrize("name", HOSTILE_JSON)
def test_hostile_json_is_refused(name):
    data, message = HOSTILE_JSON[name]
    with pytest.raises(FileFormatError, match=message):
        json_state.decode(data)


def test_json_says_what_it_cannot_hold():
    with pytest.raises(ArgumentError, match="NaN or infinity"):
        json_state.encode({"w": Array(float32, (1,), array("f", [float("inf")]).tobytes())})
    with pytest.raises(ArgumentError, match="float16"):
        json_state.encode({"w": SAMPLES["half"]})


def test_safetensors_says_what_it_cannot_hold():
    with pytest.raises(ArgumentError, match="__metadata__"):
        safetensors.encode({"__metadata__": floats(1)})
    with pytest.raises(ArgumentError, match="strings"):
        safetensors.encode({}, {"epoch": 3})


# --- damage of any kind -----------------------------------------------------------------------------------------

FORMATS = {
    "safetensors": (safetensors.encode(SAMPLES, {"a": "b"}), safetensors.decode),
    "npz": (npy.encode_npz(SAMPLES), npy.decode_npz),
    "npy": (npy.encode_npy(SAMPLES["weight"]), npy.decode_npy),
    "json": (json_state.encode({"w": SAMPLES["weight"], "mask": SAMPLES["mask"]}), json_state.decode),
}


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=150, deadline=None)
@given(data=strategy.data())
def test_damaged_bytes_are_refused_or_read_as_arrays(kind, data):
    """Whatever one changes, the answer is arrays of the stated size or a FileFormatError, nothing else."""
    whole, decode = FORMATS[kind]
    mutated = bytearray(whole)
    for _ in range(data.draw(strategy.integers(1, 4))):
        # Most of the structure is at the front, and in a zip archive at the end.
        position = data.draw(strategy.integers(0, len(whole) - 1) | strategy.integers(0, min(200, len(whole) - 1)))
        mutated[position] = data.draw(strategy.integers(0, 255))
    cut = data.draw(strategy.none() | strategy.integers(0, len(whole)))
    try:
        result = decode(bytes(mutated[:cut]))
    except (FileFormatError, DTypeError):
        return
    arrays = result[0] if isinstance(result, tuple) else result
    for value in arrays.values() if isinstance(arrays, dict) else [arrays]:
        assert len(value.data) == value.size * value.dtype.itemsize


# --- checkpoints ------------------------------------------------------------------------------------------------


def test_a_checkpoint_comes_apart_and_together():
    checkpoint = {
        "model": {"0.weight": SAMPLES["weight"]},
        "optimizer": {"state": {0: {"step": SAMPLES["scalar"]}}, "param_groups": [{"lr": 0.1, "betas": (0.9, 0.99)}]},
        "best": float("inf"),
        "epoch": 3,
        "note": None,
    }
    leaves, outline = tree.take_apart(checkpoint, Array)
    assert set(leaves) == {"model.0.weight", "optimizer.state.0.step"}
    assert tree.assemble(json.loads(json.dumps(outline)), leaves) == checkpoint


def test_equal_paths_get_different_names():
    value = {"a.b": SAMPLES["weight"], "a": {"b": SAMPLES["scalar"]}}
    leaves, outline = tree.take_apart(value, Array)
    assert len(leaves) == 2
    assert tree.assemble(outline, leaves) == value


@pytest.mark.parametrize(
    "outline",
    [{"tensor": "missing"}, {"tensor": []}, {"dict": 1}, {"dict": [[1]]}, {"dict": [[None, 1]]}, {"eval": "1"}, {}]
    + [{"tuple": 3}, {"float": "1"}, {"a": 1, "b": 2}],
)
def test_a_strange_outline_is_refused(outline):
    with pytest.raises(FileFormatError):
        tree.assemble(outline, {})


def test_a_checkpoint_says_what_it_cannot_hold():
    with pytest.raises(ArgumentError, match="'a' is a object"):
        tree.take_apart({"a": object()}, Array)
    with pytest.raises(ArgumentError, match="keys of a checkpoint"):
        tree.take_apart({(1, 2): 3}, Array)
    nested: list = []
    for _ in range(60):
        nested = [nested]
    with pytest.raises(ArgumentError, match="deep"):
        tree.take_apart(nested, Array)
