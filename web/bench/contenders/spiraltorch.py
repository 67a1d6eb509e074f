"""The step as a user of the page writes it; `spiraltorch.js` drives it."""

import gc
import json
import tracemalloc

import spiraltorch_web as st
from spiraltorch_web import nn, optim
from spiraltorch_web.runtime.session import session

GPU_REPEATS = 20


class Contender:
    """What `take` submits is measured; a subclass has a compiled `step` and says with which arguments it is called."""

    def take(self, steps):
        """Take steps without reading; the last result."""
        for _ in range(steps):
            found = self.step(*self.arguments)
        return found

    def details(self):
        """What the program of a step is made of, as JSON."""
        device, taken = session().device, []
        device.submit = lambda number, handles: taken.append((number, tuple(handles)))  # shadows the method
        try:
            kept = self.take(1)
        finally:
            del device.submit
        ((number, handles),) = taken
        seconds = device.time(number, handles, GPU_REPEATS)
        del kept
        return json.dumps({"dispatches": len(self.step.programs()[-1].dispatches), "gpuSeconds": seconds})


class Training(Contender):
    """A network in training; arrays come from JavaScript."""

    def __init__(self, images, labels, layers):
        self.model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
        linears = [layer for layer in self.model if isinstance(layer, nn.Linear)]
        for layer, given in zip(linears, layers, strict=True):
            with st.no_grad():
                layer.weight.copy_(st.tensor(given.weight.to_memoryview()).reshape(given.outputs, given.inputs))
                layer.bias.copy_(st.tensor(given.bias.to_memoryview()))
        self.arguments = (st.tensor(images.to_memoryview()).reshape(-1, 784), st.tensor(labels.to_memoryview()))
        st.realize(self.arguments[0])
        self.optimizer = optim.Adam(self.model.parameters(), lr=1e-3)
        self.criterion = nn.CrossEntropyLoss()
        self.step = st.compile(self._step)

    def _step(self, images, labels):
        self.optimizer.zero_grad()
        loss = self.criterion(self.model(images), labels)
        loss.backward()
        self.optimizer.step()
        return loss

    def run(self, steps):
        """Take steps and read the last loss."""
        return self.take(steps).item()

    def watch_memory(self):
        """Count Python's own memory from now on, which slows it."""
        tracemalloc.start()

    def memory(self):
        """Counts and bytes after a collection, as JSON."""
        gc.collect()
        facts = st.memory()
        device = {"buffers": facts["buffers"], "bufferBytes": facts["allocated"], "groups": facts["groups"]}
        python = {"pythonObjects": len(gc.get_objects()), "pythonBytes": tracemalloc.get_traced_memory()[0]}
        return json.dumps({**device, **python})


class Selection(Contender):
    """The k largest entries of each row of a matrix, values and indices."""

    def __init__(self, values, rows, cols, k):
        self.arguments = (st.tensor(values.to_memoryview()).reshape(rows, cols),)
        st.realize(*self.arguments)
        self.step = st.compile(lambda x: tuple(st.topk(x, k)))

    def run(self, times):
        """Select that often and read one of the last indices."""
        self.take(times)[1][-1, -1].item()

    def check(self):
        """The sum of all indices."""
        return sum(map(sum, self.take(1)[1].tolist()))


class Spectrum(Contender):
    """The transforms of the rows of a complex matrix."""

    def __init__(self, real, imag, rows, cols):
        parts = (st.tensor(part.to_memoryview()).reshape(rows, cols) for part in (real, imag))
        self.arguments = (st.ComplexTensor(*parts),)
        st.realize(self.arguments[0].real, self.arguments[0].imag)
        self.step = st.compile(st.fft.fft)

    def run(self, times):
        """Transform that often and read one of the last entries."""
        self.take(times).real[0, 0].item()

    def check(self):
        """The sum of the absolute values of all parts."""
        found = self.take(1)
        return sum(map(abs, (*found.real.data(), *found.imag.data())))
