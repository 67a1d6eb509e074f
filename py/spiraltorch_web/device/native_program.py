"""Programs on the native device: compiled kernels, bind groups and the recording of one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from wgpu.backends.wgpu_native import ffi, lib

from ..errors import DeviceError
from ..ir.program import Dispatch, Kernel, Program
from .cache import LruCache
from .dialect import kernel_error, module_text
from .native_api import Api

Steps = list[tuple]  # (pipeline or None when it stays, bind group, x, y, z) per dispatch
# Both bounds are per program. A replay alternates between a few sets of buffers; a set holds one group per dispatch.
BINDING_SETS = 64
GROUPS_PER_DISPATCH = 16
PIPELINES_KEPT = 2048  # programs hold on to theirs
COMPILE_THREADS = 8


@dataclass(frozen=True)
class Pipeline:
    """A compiled kernel."""

    pipeline: object
    group_layout: object


class PipelineCache:
    """Compiled kernels of one device, by everything that decides their code."""

    def __init__(self, api: Api, unchecked: bool) -> None:
        self._api = api
        self._unchecked = unchecked
        self._pipelines: LruCache[tuple, Pipeline] = LruCache(PIPELINES_KEPT)
        self._layouts: dict[tuple[str, ...], tuple] = {}

    def compile(self, kernels: Sequence[Kernel]) -> list[Pipeline]:
        """The pipelines of the kernels; new ones are compiled side by side. Raises KernelError."""
        keys = [(kernel.source, kernel.access, kernel.needs, kernel.trusted) for kernel in kernels]
        found = {key: self._pipelines.get(key) for key in keys}
        missing = {key: kernel for key, kernel in zip(keys, kernels, strict=True) if found[key] is None}
        for key, pipeline in zip(missing, self._build_all(list(missing.values())), strict=True):
            found[key] = self._pipelines.put(key, pipeline)
        return [found[key] for key in keys]

    def _build_all(self, kernels: Sequence[Kernel]) -> list[Pipeline]:
        for kernel in kernels:
            if kernel.access not in self._layouts:
                self._layouts[kernel.access] = self._api.create_layouts(kernel.access)
        if len(kernels) < 2:
            return [self._build(kernel) for kernel in kernels]
        with ThreadPoolExecutor(max_workers=COMPILE_THREADS) as threads:
            try:
                jobs = [threads.submit(self._build, kernel) for kernel in kernels]
            except RuntimeError:  # the interpreter is shutting down and starts no thread any more
                return [self._build(kernel) for kernel in kernels]
            return [job.result() for job in jobs]

    def _build(self, kernel: Kernel) -> Pipeline:
        group_layout, layout = self._layouts[kernel.access]
        unchecked = self._unchecked and kernel.trusted
        module = self._api.create_module(module_text(kernel, "naga"), kernel.name, unchecked)
        self._raise_reports(kernel)
        pipeline = self._api.create_pipeline(module, layout, kernel.name)
        self._raise_reports(kernel)
        return Pipeline(pipeline, group_layout)

    def _raise_reports(self, kernel: Kernel) -> None:
        reports = self._api.reports()
        if reports:
            raise kernel_error(kernel, "naga", reports[0].message)


class LoadedProgram:
    """One program, ready to be recorded with any set of external buffers.

    ``buffer_of(handle)`` gives the library's buffer; ``temporaries`` are the handles of the program's own slots.
    """

    def __init__(
        self,
        api: Api,
        program: Program,
        pipelines: Sequence[Pipeline],
        temporaries: Sequence[int],
        buffer_of: Callable[[int], object],
    ) -> None:
        self.temporaries = tuple(temporaries)
        self.num_external = program.num_external
        self._api = api
        self._dispatches = tuple(dispatch for dispatch in program.dispatches if 0 not in dispatch.grid)
        self._pipelines = pipelines
        self._buffer_of = buffer_of
        self._sets: LruCache[tuple[int, ...], Steps] = LruCache(BINDING_SETS)
        self._groups: LruCache[tuple, object] = LruCache(GROUPS_PER_DISPATCH * max(1, len(self._dispatches)))

    @property
    def num_groups(self) -> int:
        """Bind groups kept."""
        return len(self._groups)

    def forget_buffers(self) -> None:
        """Drop all bind groups, because buffers that they name are gone."""
        self._sets.clear()
        self._groups.clear()

    def steps(self, handles: tuple[int, ...]) -> Steps:
        """What `record` takes for one set of external buffers. Raises DeviceError when they do not fit."""
        return self._sets.get(handles) or self._sets.put(handles, self._prepare(handles))

    def _prepare(self, handles: tuple[int, ...]) -> Steps:
        if len(handles) != self.num_external:
            raise DeviceError(f"the program binds {self.num_external} buffers, {len(handles)} were given")
        slots = handles + self.temporaries
        steps, previous = [], None
        for dispatch in self._dispatches:
            pipeline = self._pipelines[dispatch.kernel]
            group = self._group(pipeline, dispatch, slots)
            steps.append((None if pipeline is previous else pipeline.pipeline, group, *dispatch.grid))
            previous = pipeline
        self._api.check("binding buffers")
        return steps

    def _group(self, pipeline: Pipeline, dispatch: Dispatch, slots: tuple[int, ...]):
        # Bindings are multiples of 4 bytes; only a float16 range of odd length is rounded up.
        ranges = tuple((slots[ref.slot], ref.offset, (ref.size + 3) & ~3) for ref in dispatch.buffers)
        key = (pipeline.group_layout, ranges)
        group = self._groups.get(key)
        if group is None:
            bound = [(self._buffer_of(handle), offset, size) for handle, offset, size in ranges]
            group = self._groups.put(key, self._api.create_group(pipeline.group_layout, bound))
        return group


def record(compute_pass, steps: Steps) -> None:
    """Record every dispatch into an open pass."""
    set_pipeline = lib.wgpuComputePassEncoderSetPipeline
    set_group = lib.wgpuComputePassEncoderSetBindGroup
    dispatch = lib.wgpuComputePassEncoderDispatchWorkgroups
    null = ffi.NULL
    for pipeline, group, x, y, z in steps:
        if pipeline is not None:
            set_pipeline(compute_pass, pipeline)
        set_group(compute_pass, 0, group, 0, null)
        dispatch(compute_pass, x, y, z)
