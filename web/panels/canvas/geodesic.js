/**
 * The geodesic between two points of the unit disk: an arc of the circle through both that meets the rim at right
 * angles. Its middle m fulfils 2⟨m, p⟩ = 1 + ‖p‖² for both ends.
 * @returns {{x: number, y: number, radius: number, first: number, last: number, turn: number} | null}
 *   angles in radians, counted against the clock as y points up; `turn` from first to last, less than a half turn.
 *   null where the geodesic is a straight line.
 */
export function arcBetween(px, py, qx, qy) {
  const determinant = 2 * (px * qy - py * qx);
  if (Math.abs(determinant) < 1e-4 * (Math.hypot(px, py) * Math.hypot(qx, qy) + 1e-12)) return null;
  const p = 1 + px * px + py * py;
  const q = 1 + qx * qx + qy * qy;
  const x = (p * qy - q * py) / determinant;
  const y = (q * px - p * qx) / determinant;
  const first = Math.atan2(py - y, px - x);
  const last = Math.atan2(qy - y, qx - x);
  let turn = last - first;
  if (turn > Math.PI) turn -= 2 * Math.PI;
  if (turn < -Math.PI) turn += 2 * Math.PI;
  return { x, y, radius: Math.hypot(px - x, py - y), first, last, turn };
}
