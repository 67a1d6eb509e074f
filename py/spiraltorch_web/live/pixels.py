"""Pictures as RGB bytes."""

from __future__ import annotations

from dataclasses import dataclass

from .boundary import class_shares
from .events import Boundary, Curves, Matrix, Painting, Raster
from .palettes import CLASS_COLOURS, mix, ramp_colour

WHITE = (255, 255, 255)


@dataclass(frozen=True)
class Picture:
    """`rgb` holds height × width × 3 bytes, the top row first."""

    width: int
    height: int
    rgb: bytes


def picture_of_raster(raster: Raster) -> Picture:
    """A raster's values as colours."""
    scaled = [min(max(value, 0.0), 1.0) if value == value else 0.0 for value in raster.values]
    if raster.channels >= 3:
        kept = (value for index, value in enumerate(scaled) if index % raster.channels < 3)
        rgb = bytes(round(255 * value) for value in kept)
    elif raster.colours == "ramp":
        rgb = b"".join(bytes(ramp_colour(value)) for value in scaled)
    else:
        rgb = b"".join(bytes((round(255 * value),)) * 3 for value in scaled)
    return Picture(raster.width, raster.height, rgb)


def picture_of_painting(event: Painting) -> Picture:
    """What the shader or its twin paints, without alpha."""
    width, height, rgba = event.canvas.width, event.canvas.height, event.canvas.pixels()
    rgb = bytearray(3 * width * height)
    for channel in range(3):
        rgb[channel::3] = rgba[channel::4]
    return Picture(width, height, bytes(rgb))


def picture_of_boundary(boundary: Boundary, answers, points, labels: bytes) -> Picture:
    """The ground in the classes' colours, paler where the model is less sure, with the points as dots.

    `answers` are the boundary's as flat floats; `points` (flat x, y) and `labels` those last shown.
    """
    shares = class_shares(answers, boundary.columns, boundary.form)
    ground = b"".join(bytes(class_ground(row)) for row in shares)
    canvas = Canvas(boundary.resolution, boundary.resolution, ground).enlarged(4)
    left, right, bottom, top = boundary.extent
    for index, label in enumerate(labels):
        column = (points[2 * index] - left) / (right - left) * canvas.width
        row = (top - points[2 * index + 1]) / (top - bottom) * canvas.height
        canvas.dot(column, row, 4, (20, 20, 24))
        canvas.dot(column, row, 3, CLASS_COLOURS[label % len(CLASS_COLOURS)])
    return canvas.picture()


def class_ground(shares) -> tuple[int, int, int]:
    """Colour of class probabilities: their mixture, washed out so that points of the same colour stand out."""
    colours = [CLASS_COLOURS[index % len(CLASS_COLOURS)] for index in range(len(shares))]
    mixture = tuple(
        sum(share * colour[channel] for share, colour in zip(shares, colours, strict=True)) for channel in range(3)
    )
    return mix(mixture, WHITE, 0.45)


def picture_of_matrix(matrix: Matrix, cell: int = 24) -> Picture:
    """One coloured square per number."""
    highest = max((value for row in matrix.values for value in row), default=0.0) or 1.0
    cells = b"".join(bytes(ramp_colour((max(value, 0.0) / highest) ** 0.5)) for row in matrix.values for value in row)
    return Canvas(len(matrix.values[0]), len(matrix.values), cells).enlarged(cell).picture()


def picture_of_curves(curves: Curves, width: int = 640, height: int = 400) -> Picture:
    """Lines in the classes' colours over dots for the data, on white."""
    ys = [value for line in curves.lines.values() for value in line] + curves.points_y
    xs = curves.x + curves.points_x
    canvas = Canvas(width, height, bytes(WHITE) * (width * height))
    if not xs or not ys:
        return canvas.picture()
    across, down = _scale(min(xs), max(xs), 12, width - 12), _scale(max(ys), min(ys), 12, height - 12)
    for x, y in zip(curves.points_x, curves.points_y, strict=True):
        canvas.dot(across(x), down(y), 2.5, (120, 124, 132))
    for index, line in enumerate(curves.lines.values()):
        corners = [(across(x), down(y)) for x, y in zip(curves.x, line, strict=True)]
        canvas.polyline(corners, CLASS_COLOURS[index % len(CLASS_COLOURS)])
    return canvas.picture()


class Canvas:
    """RGB bytes to draw on."""

    def __init__(self, width: int, height: int, rgb: bytes) -> None:
        self.width, self.height = width, height
        self.rgb = bytearray(rgb)

    def enlarged(self, factor: int) -> Canvas:
        """Every pixel as a square of `factor` pixels."""
        lines = []
        for row in range(self.height):
            line = self.rgb[3 * row * self.width : 3 * (row + 1) * self.width]
            wide = b"".join(bytes(line[start : start + 3]) * factor for start in range(0, len(line), 3))
            lines.append(wide * factor)
        return Canvas(self.width * factor, self.height * factor, b"".join(lines))

    def dot(self, column: float, row: float, radius: float, colour: tuple[int, int, int]) -> None:
        """A filled disc; what lies outside the canvas is left out."""
        for y in range(max(int(row - radius), 0), min(int(row + radius) + 2, self.height)):
            for x in range(max(int(column - radius), 0), min(int(column + radius) + 2, self.width)):
                if (x - column) ** 2 + (y - row) ** 2 <= radius**2:
                    start = 3 * (y * self.width + x)
                    self.rgb[start : start + 3] = bytes(colour)

    def polyline(self, corners: list[tuple[float, float]], colour: tuple[int, int, int]) -> None:
        """Straight lines through the corners, about two pixels wide; corners that are not finite break the line."""
        for (x0, y0), (x1, y1) in zip(corners, corners[1:], strict=False):
            length = abs(x1 - x0) + abs(y1 - y0)
            if not length < 1e5:
                continue
            steps = max(int(length), 1)
            for step in range(steps + 1):
                share = step / steps
                self.dot(x0 + share * (x1 - x0), y0 + share * (y1 - y0), 1.1, colour)

    def thin_line(self, corners: list[tuple[float, float]], colour: tuple[int, int, int]) -> None:
        """Straight lines through the corners, one pixel wide."""
        pixel = bytes(colour)
        for (x0, y0), (x1, y1) in zip(corners, corners[1:], strict=False):
            steps = max(int(max(abs(x1 - x0), abs(y1 - y0))), 1)
            for step in range(steps + 1):
                x, y = round(x0 + step / steps * (x1 - x0)), round(y0 + step / steps * (y1 - y0))
                if 0 <= x < self.width and 0 <= y < self.height:
                    start = 3 * (y * self.width + x)
                    self.rgb[start : start + 3] = pixel

    def picture(self) -> Picture:
        return Picture(self.width, self.height, bytes(self.rgb))


def _scale(low: float, high: float, start: float, end: float):
    width = (high - low) or 1.0
    return lambda value: start + (value - low) / width * (end - start)
