"""Surviving a lost GPU: `Checkpoint` keeps a copy of the training's state on the host, `recover` goes on from it.

A graphics device can go away at any time: the driver resets, the system sleeps, the browser takes it back. Its memory
is lost then, and every call raises `DeviceLostError`. A checkpoint copies the state now and then, in one read.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .device.base import Device, DeviceInfo
from .device.select import open_device, open_device_async
from .errors import ArgumentError, DeviceError, FileFormatError
from .host import HOSTS
from .io import safetensors, strict_json, tree
from .io.arrays import Array
from .nn.module import Module
from .optim.clock import Clock
from .optim.optimizer import Optimizer
from .runtime.realize import read_values, read_values_async, realize, upload
from .runtime.session import grad_mode, session
from .tensor import Generator, Tensor, default_generator

__all__ = ["Checkpoint", "recover", "recover_async"]

RANDOM = "random state"  # no keyword can have this name
FACTS = "spiraltorch.checkpoint"

Clocks = Mapping[str, Mapping[Tensor, Clock]]


@dataclass(frozen=True)
class _Copy:
    """The state after ``steps`` steps: tensors by name, plain values as an outline of `tree`.

    ``clocks`` says which parameters of an optimiser share a clock; None for a copy from before a restart.
    """

    steps: int
    arrays: Mapping[str, Array]
    plain: object
    clocks: Clocks | None


class Checkpoint:
    """Keeps the last copy of a training's state on the host::

        checkpoint = st.Checkpoint(model=model, optimizer=optimizer, constant=(x, y))
        while checkpoint.steps < 1000:
            try:
                train_step(x, y)
                checkpoint.step()
            except st.DeviceLostError:
                st.recover()

    Each keyword names a module, an optimiser, a tensor, a generator, an object with ``state_dict`` and
    ``load_state_dict`` of plain values (such as a scheduler), or a list, tuple or dict of those. The state of the
    default random generator is always part of it. ``constant``: tensors that never change, such as a dataset; they are
    copied once. A copy is taken at the first `step`, then every ``every`` steps, or, without ``every``, when
    ``seconds`` have passed.

    In the page a copy also outlives Python: when the graphics device was lost and Python has been restarted, the
    checkpoint with the same names and shapes starts from it, with ``steps`` as they were.
    """

    def __init__(
        self, *, every: int | None = None, seconds: float = 30.0, constant: Sequence[Tensor] = (), **state: Any
    ) -> None:
        if every is not None and (isinstance(every, bool) or not isinstance(every, int) or every < 1):
            raise ArgumentError(f"every is a number of steps ≥ 1 or None, got {every!r}")
        if not seconds >= 0:
            raise ArgumentError(f"seconds is a number ≥ 0, got {seconds!r}")
        if not state:
            raise ArgumentError("a checkpoint needs something to keep, such as Checkpoint(model=model)")
        self.steps = 0
        self.taken_at = 0.0  # on the monotonic clock; 0 while there is no copy
        self._every, self._seconds = every, seconds
        self._state = state
        self._constant = {f"constant {place}": tensor for place, tensor in enumerate(constant)}
        self._constants: Mapping[str, Array] | None = None
        self._copy: _Copy | None = None
        self._targets()  # refuses what cannot be kept, here and not at the first copy
        session().checkpoints.add(self)
        self._continue()

    def step(self) -> bool:
        """Count a step, and copy the state when that is due; returns whether it was."""
        if self._counted():
            self.take()
            return True
        return False

    async def step_async(self) -> bool:
        """As `step`, without blocking the event loop."""
        if self._counted():
            await self.take_async()
            return True
        return False

    def take(self) -> None:
        """Copy the state now: one read, which waits for queued work."""
        wanted = self._wanted()
        self._keep(wanted, read_values(list(wanted.values())))

    async def take_async(self) -> None:
        """As `take`, without blocking the event loop."""
        wanted = self._wanted()
        self._keep(wanted, await read_values_async(list(wanted.values())))

    def restore(self) -> None:
        """Go back to the last copy, on the current device, and forget gradients. Raises DeviceError without a copy."""
        if self._copy is None:
            raise DeviceError("this checkpoint holds no copy yet: step() takes the first one")
        self._put_back(self._copy)

    # --- taking -------------------------------------------------------------------------------------------------

    def _counted(self) -> bool:
        self.steps += 1
        if self._copy is None:
            return True
        return self.steps % self._every == 0 if self._every else time.monotonic() >= self.taken_at + self._seconds

    def _targets(self) -> dict[str, Tensor]:
        """Every tensor of the state by name."""
        found = list(_tensors(self._state))
        targets = dict(found)
        if len(targets) < len(found):
            raise ArgumentError(f"two parts of the state have one name: {sorted(name for name, _ in found)}")
        targets[RANDOM] = default_generator().state
        return targets

    def _wanted(self) -> dict[str, Tensor]:
        return self._targets() | (self._constant if self._constants is None else {})

    def _keep(self, wanted: Mapping[str, Tensor], read: Sequence[memoryview]) -> None:
        arrays = {
            name: Array(tensor.dtype, tuple(tensor.shape), bytes(view[: tensor._node.nbytes]))
            for (name, tensor), view in zip(wanted.items(), read, strict=True)
        }
        if self._constants is None:
            self._constants = {name: arrays.pop(name) for name in self._constant}
        _, plain = tree.take_apart(dict(_plain(self._state)), Tensor)
        clocks = {name: dict(optimizer.clocks) for name, optimizer in _optimizers(self._state)}
        self._copy = copy = _Copy(self.steps, arrays, plain, clocks)
        self.taken_at = time.monotonic()
        HOSTS.current.keep_checkpoint(lambda: _encoded(copy))

    # --- putting back -------------------------------------------------------------------------------------------

    def _put_back(self, copy: _Copy) -> None:
        plain = dict(tree.assemble(copy.plain, {}))
        with grad_mode(False):
            for name, optimizer in _optimizers(self._state):
                if copy.clocks is not None:
                    optimizer.set_clocks(copy.clocks[name])
            targets = self._targets()
            arrays = {**copy.arrays, **(self._constants or {})}
            for name, tensor in (targets | self._constant).items():
                if name in arrays:
                    tensor.grad = None
                    tensor.assign_(upload(arrays[name].data, arrays[name].shape, arrays[name].dtype))
            _put_back_plain(self._state, plain)
            realize(*targets.values(), *self._constant.values())
        self.steps = copy.steps

    def _continue(self) -> None:
        """Start from a copy that the host kept over a restart, if it fits."""
        data = HOSTS.current.kept_checkpoint()
        if data is None:
            return
        copy = _decoded(data)
        targets = self._targets()
        if {name: (array.shape, array.dtype) for name, array in copy.arrays.items()} != {
            name: (tuple(tensor.shape), tensor.dtype) for name, tensor in targets.items()
        }:
            print("spiraltorch: the checkpoint from before the restart is of another model; starting afresh")
            return
        self._put_back(copy)
        print(f"spiraltorch: going on after step {copy.steps}, from the checkpoint kept when the device was lost")


def recover(device: str | None = None) -> DeviceInfo:
    """Open a fresh device in place of a lost one and put back what checkpoints kept.

    ``device`` is a name as in `set_device`; None means the kind that was lost. Tensors that no checkpoint keeps are
    gone; compiled functions record themselves again. Raises DeviceError when the device works, NoDeviceError when
    there is no new one.
    """
    return _start_on(open_device(device or _kind_of_lost()))


async def recover_async(device: str | None = None) -> DeviceInfo:
    """As `recover`, for browsers where Python cannot wait for the GPU."""
    return _start_on(await open_device_async(device or _kind_of_lost()))


def _kind_of_lost() -> str:
    device = session().device
    if not device.lost:
        raise DeviceError(
            "the device works: there is nothing to recover; a checkpoint's restore() goes back to its copy"
        )
    return "webgpu:software" if device.caps.software else "auto"


def _start_on(device: Device) -> DeviceInfo:
    current = session()
    current.pending.clear()  # what waited there to be computed is lost
    generator = current.generator
    current.use_device(device)
    # The newest last: the random state is part of each.
    taken = sorted((c for c in current.checkpoints if c.taken_at), key=lambda checkpoint: checkpoint.taken_at)
    if taken:
        current.generator = generator  # its state is part of every copy
    for checkpoint in taken:
        checkpoint.restore()
    return device.info


# --- walking through the state --------------------------------------------------------------------------------------


def _parts(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The modules, optimisers, tensors… in nested containers, by path. Raises ArgumentError for anything else."""
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, (list, tuple)):
        items = enumerate(value)
    else:
        kept = isinstance(value, (Tensor, Module, Optimizer, Generator))
        if not kept and not (hasattr(value, "state_dict") and hasattr(value, "load_state_dict")):
            raise ArgumentError(
                f"{name} is a {type(value).__name__}; a checkpoint keeps modules, optimisers, tensors, generators and "
                "objects with state_dict and load_state_dict"
            )
        yield name, value
        return
    for key, item in items:
        yield from _parts(item, f"{name}.{key}" if name else str(key))


def _tensors(state: Any) -> Iterator[tuple[str, Tensor]]:
    for name, part in _parts(state):
        if isinstance(part, Tensor):
            yield name, part
        elif isinstance(part, Generator):
            yield name, part.state
        elif isinstance(part, Module):
            for path, tensor in (*part.named_parameters(), *part.named_buffers()):
                yield f"{name}.{path}", tensor
        elif isinstance(part, Optimizer):
            yield from _optimizer_tensors(name, part)


def _optimizer_tensors(name: str, optimizer: Optimizer) -> Iterator[tuple[str, Tensor]]:
    for number, parameter in enumerate(optimizer.parameters):
        for entry, tensor in optimizer.state[parameter].items():
            yield f"{name}.state.{number}.{entry}", tensor
    for number, clock in enumerate(dict.fromkeys(optimizer.clocks.values())):
        yield f"{name}.clock.{number}.steps", clock.steps
        yield f"{name}.clock.{number}.scalars", clock.scalars


def _optimizers(state: Any) -> Iterator[tuple[str, Optimizer]]:
    return ((name, part) for name, part in _parts(state) if isinstance(part, Optimizer))


def _plain(state: Any) -> Iterator[tuple[str, Any]]:
    """What is not on the device: the settings of optimisers and the state of schedulers."""
    for name, part in _parts(state):
        if isinstance(part, Optimizer):
            yield name, [{key: value for key, value in group.items() if key != "params"} for group in part.param_groups]
        elif not isinstance(part, (Tensor, Generator, Module)):
            yield name, part.state_dict()


def _put_back_plain(state: Any, plain: Mapping[str, Any]) -> None:
    for name, part in _parts(state):
        if isinstance(part, Optimizer):
            for group, settings in zip(part.param_groups, plain[name], strict=True):
                for key, value in settings.items():
                    group[key] = value  # the learning rate goes to the device
        elif name in plain:
            part.load_state_dict(plain[name])


# --- a copy as bytes, for a host that outlives Python ----------------------------------------------------------------


def _encoded(copy: _Copy) -> bytes:
    facts = strict_json.dumps({"steps": copy.steps, "plain": copy.plain}).decode()
    return safetensors.encode(copy.arrays, {FACTS: facts})


def _decoded(data: bytes) -> _Copy:
    arrays, metadata = safetensors.decode(data)
    if FACTS not in metadata:
        raise FileFormatError("the kept checkpoint lacks its facts")
    facts = strict_json.loads(metadata[FACTS].encode(), "kept checkpoint")
    return _Copy(facts["steps"], arrays, facts["plain"], None)
