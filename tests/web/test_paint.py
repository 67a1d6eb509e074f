"""Boundaries painted by the GPU: the shader compiles everywhere and agrees with its twin in JavaScript."""

from __future__ import annotations

import pytest

from tests.support.site import PROJECT

# 8 bits per channel, and the shader's exp is good to a few units in the last place of a float32.
TOLERANCE = 2

SIMILAR = """async ({ form, columns }) => {
  const at = (name) => new URL(name, location.href).href;
  const { BoundaryPainter, Screen } = await import(at("gpu/paint.js"));
  const { Painter } = await import(at("kernel/painter.js"));
  const { colourBoundary } = await import(at("kernel/colours.js"));
  const adapter = await navigator.gpu.requestAdapter();
  const device = await adapter.requestDevice();
  const faults = [];
  device.onuncapturederror = ({ error }) => faults.push(error.message);
  const resolution = 8;
  const draw = (index) => Math.sin(12.9898 * (index + 1)) * 3;
  let answers = Float32Array.from({ length: resolution * resolution * columns }, (_, index) => draw(index));
  if (form === "probabilities") answers = answers.map((answer) => (1 + answer / 3) / 2);
  if (form === "probabilities" && columns > 1) {
    for (let row = 0; row < answers.length; row += columns) {
      const total = answers.subarray(row, row + columns).reduce((sum, answer) => sum + answer, 0);
      for (let column = 0; column < columns; column += 1) answers[row + column] /= total;
    }
  }
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
  const buffer = device.createBuffer({ size: answers.byteLength, usage });
  device.queue.writeBuffer(buffer, 0, answers);
  const canvas = new OffscreenCanvas(64, 64);
  const painter = new Painter(() => {});
  (await BoundaryPainter.open(device)).show(new Screen(painter), buffer, { tag: "a", resolution, columns, form });
  device.queue.writeBuffer(buffer, 0, new Float32Array(answers.length)); // the picture is of what was there before
  painter.accept("a", canvas);
  const picture = await createImageBitmap(canvas);
  await device.queue.onSubmittedWorkDone();
  const sheet = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  sheet.drawImage(picture, 0, 0);
  const painted = sheet.getImageData(0, 0, picture.width, picture.height);
  const twin = colourBoundary({ answers, resolution, columns, form });
  let worst = 0;
  const cell = painted.width / resolution;
  for (let row = 0; row < resolution; row += 1) {
    for (let column = 0; column < resolution; column += 1) {
      // Between the four pixels around a cell's centre lies the centre, where the interpolation has no part.
      for (let channel = 0; channel < 3; channel += 1) {
        let mean = 0;
        for (const [down, right] of [[-1, -1], [-1, 0], [0, -1], [0, 0]]) {
          const y = (row + 0.5) * cell + down;
          const x = (column + 0.5) * cell + right;
          mean += painted.data[4 * (y * painted.width + x) + channel] / 4;
        }
        worst = Math.max(worst, Math.abs(mean - twin[4 * (row * resolution + column) + channel]));
      }
    }
  }
  return { worst, faults };
}"""


@pytest.mark.parametrize("form", ["logits", "probabilities"])
@pytest.mark.parametrize("columns", [1, 2, 3, 9])
def test_gpu_and_twin_paint_the_same(bench, form, columns):
    found = bench.page.evaluate(SIMILAR, {"form": form, "columns": columns})
    assert found["faults"] == []
    assert found["worst"] <= TOLERANCE


def test_shader_compiles_under_naga():
    import wgpu

    device = wgpu.gpu.request_adapter_sync().request_device_sync()
    device.create_shader_module(code=(PROJECT.web / "gpu" / "boundary.wgsl").read_text())
