"""`detect_anomaly` names the very call, and reads only now and then."""

from __future__ import annotations

import pytest

import spiraltorch_web as st
from spiraltorch_web import nn, optim
from tests.support.waiting import finish

NAN = float("nan")


class Training:
    """A small regression with a compiled step."""

    def __init__(self) -> None:
        self.model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
        self.optimizer = optim.SGD(self.model.parameters(), lr=0.01)
        self.good = (st.rand(16, 4), st.rand(16, 1))
        self.bad = (st.full((16, 4), NAN), st.rand(16, 1))
        self.step = st.compile(self.eager_step)

    def eager_step(self, x, y):
        self.optimizer.zero_grad()
        loss = ((self.model(x) - y) ** 2).mean()
        loss.backward()
        self.optimizer.step()
        return loss


@pytest.mark.parametrize("bad_call", [1, 9, 10, 11, 23])
def test_the_very_call_of_a_compiled_step_is_named(device, bad_call):
    training = Training()
    with pytest.raises(st.AnomalyError, match=rf"^eager_step: a result and a gradient of call {bad_call} holds"):
        with st.detect_anomaly(every=10):
            for call in range(1, 30):
                training.step(*(training.bad if call == bad_call else training.good))


def test_a_bad_gradient_is_found_while_the_result_is_still_fine(device):
    @st.compile
    def slope(x):
        leaf = x.detach().requires_grad_()
        leaf.sqrt().sum().backward()
        return leaf.sum()

    with pytest.raises(st.AnomalyError, match="slope: a gradient of call 2 holds NaN or infinity"):
        with st.detect_anomaly():
            slope(st.ones(3))
            slope(st.zeros(3))


def test_results_may_be_nested_and_of_any_dtype(device):
    @st.compile
    def parts(x):
        return {"count": (x > 0).sum(), "rest": [x, (1 / x,)]}

    with st.detect_anomaly():
        parts(st.ones(3))
    with pytest.raises(st.AnomalyError, match="parts: a result of call 1"):
        with st.detect_anomaly():
            parts(st.zeros(3))


def test_gradients_of_an_eager_backward_are_watched(device):
    leaf = st.zeros(3, requires_grad=True)
    with pytest.raises(st.AnomalyError, match="backward: a gradient of call 3"):
        with st.detect_anomaly():
            for call in range(1, 6):
                (leaf.sqrt() if call == 3 else leaf * 2).sum().backward()
                leaf.grad = None


def test_healthy_training_is_read_once_every_so_many_calls(device, monkeypatch):
    training = Training()
    reads = []
    real = type(device).read
    monkeypatch.setattr(
        type(device), "read", lambda self, requests: reads.append(len(requests)) or real(self, requests)
    )
    with st.detect_anomaly(every=20):
        for _ in range(50):
            training.step(*training.good)
    assert reads == [20, 20, 10]


def test_watching_changes_no_result(device):
    watched, plain = (st.manual_seed(3) and Training() for _ in range(2))
    with st.detect_anomaly():
        first = watched.step(*plain.good)
    assert first.item() == pytest.approx(plain.step(*plain.good).item(), rel=1e-6)
    for a, b in zip(watched.model.parameters(), plain.model.parameters(), strict=True):
        assert st.allclose(a, b, rtol=1e-6)


def test_outside_of_the_body_nothing_is_watched(device):
    training = Training()
    with st.detect_anomaly():
        training.step(*training.good)
    training.step(*training.bad)
    assert len(training.step.programs()) == 2


def test_an_error_in_the_body_is_not_hidden(device):
    with pytest.raises(KeyError):
        with st.detect_anomaly():
            Training().step(*Training().bad)
            raise KeyError("first")


def test_without_waiting(device):
    async def train():
        training = Training()
        async with st.detect_anomaly(every=100):
            training.step(*training.bad)

    with pytest.raises(st.AnomalyError, match="call 1"):
        finish(train())


@pytest.mark.parametrize("every", [0, -1, 2.5, True, None])
def test_every_is_a_count(every):
    with pytest.raises(st.ArgumentError, match="every is a number of calls"):
        st.detect_anomaly(every=every)
