/** Numbers and durations as people read them. */

const whole = new Intl.NumberFormat("en");

/** 43210 -> "43,210". */
export function count(value) {
  return whole.format(value);
}

/** 43210 -> "43.2 k"; small numbers stay exact. */
export function shortCount(value) {
  if (value < 10_000) return count(Math.round(value));
  if (value < 1e6) return `${(value / 1e3).toFixed(1)} k`;
  return `${(value / 1e6).toFixed(2)} M`;
}

/** A measured value with four significant digits; "not a number" and infinities by name. */
export function measure(value) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

/** Steps per second: whole above ten. */
export function rate(value) {
  return value >= 10 ? count(Math.round(value)) : measure(value);
}

/** Megabytes with one decimal. */
export function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Of a launch, in seconds: "12.3 µs", "4.56 ms", "1.20 s". */
export function launchTime(seconds) {
  if (seconds < 999.5e-6) return `${threeDigits(1e6 * seconds)} µs`;
  if (seconds < 0.9995) return `${threeDigits(1e3 * seconds)} ms`;
  return `${threeDigits(seconds)} s`;
}

function threeDigits(value) {
  return value < 0.1 ? value.toFixed(2) : String(value >= 100 ? Math.round(value) : value.toPrecision(3));
}

/** 75.2 -> "1 min 15 s". */
export function duration(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
