/** Which names fit beside their points: the most general first, none over another. */

const MOST = 40;
const GAP = 5;

/**
 * @param {string[]} labels @param {([number, number] | null)[]} places of the points on the canvas, null: not seen
 * @param {(point: number) => number} rank lower comes first @param {(text: string) => number} widthOf
 * @param {number} size of the letters @param {number} side of the canvas
 * @returns {{text: string, column: number, row: number}[]} `column` is where the text begins, `row` its middle
 */
export function placeLabels(labels, places, rank, widthOf, size, side) {
  const seen = places.flatMap((place, point) => (place && labels[point] ? [point] : []));
  seen.sort((left, right) => rank(left) - rank(right));
  const placed = [];
  for (const point of seen.slice(0, 10 * MOST)) {
    if (placed.length === MOST) break;
    const width = widthOf(labels[point]);
    const [x, row] = places[point];
    const column = x + GAP + width > side ? x - GAP - width : x + GAP;
    const box = { text: labels[point], column, row, width };
    if (column >= 0 && placed.every((other) => apart(box, other, size))) placed.push(box);
  }
  return placed;
}

function apart(one, other, size) {
  return Math.abs(one.row - other.row) > 1.2 * size
    || one.column > other.column + other.width || other.column > one.column + one.width;
}
