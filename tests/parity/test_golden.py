"""The same expressions as in PyTorch give its values, kinds of dtype and gradients."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import spiraltorch_web as st
from tests.parity.golden_cases import CASES

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text())


def test_the_file_is_up_to_date():
    assert list(GOLDEN["cases"]) == list(CASES)


@pytest.mark.parametrize("case", CASES)
def test_same_as_pytorch(device, case):
    wanted = GOLDEN["cases"][case]
    names = {name: st.tensor(values, requires_grad=name != "i") for name, values in GOLDEN["operands"].items()}
    result = eval(case, {"t": st, "F": st.functional, **names})
    assert list(result.shape) == wanted["shape"]
    assert result.dtype.kind == wanted["kind"]
    bounds = {"rtol": 1e-4, "atol": 1e-5}  # sums of up to 60 products, transcendental functions of WGSL
    np.testing.assert_allclose(result.numpy().ravel(), wanted["values"], **bounds)
    if "gradients" not in wanted:
        return
    weights = np.cos(np.arange(result.numel(), dtype=np.float32)).reshape(tuple(result.shape))
    (result * st.tensor(weights)).sum().backward()
    for name, values in wanted["gradients"].items():
        np.testing.assert_allclose(names[name].grad.numpy().ravel(), values, rtol=1e-3, atol=1e-4, err_msg=name)
