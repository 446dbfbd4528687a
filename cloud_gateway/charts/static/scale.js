// The scale of a chart's values: round numbers around all that is drawn.

const STEPS = [1, 2, 2.5, 5, 10];

function roundStep(wanted) {
  const size = 10 ** Math.floor(Math.log10(wanted));
  return size * STEPS.find((step) => step * size >= wanted * 0.999);
}

/** The lowest and highest value of an axis and the step between its labels, for all these numbers; null is none. */
export function scaleOf(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (typeof value !== "number" || !Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) [low, high] = [0, 1];
  const room = low === high ? Math.max(Math.abs(low) * 0.1, 0.1) : 0; // a value that never changes lies in the middle
  const step = roundStep((high - low + 2 * room) / 4);
  return { min: Math.floor((low - room) / step + 1e-9) * step, max: Math.ceil((high + room) / step - 1e-9) * step, interval: step };
}

/** A label of the axis with as many digits as its step needs. */
export function labelOf(value, step) {
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) + (String(step).replace(/0+$/, "").endsWith("25") ? 1 : 0);
  return (Object.is(value, -0) ? 0 : value).toFixed(Math.min(digits, 6)).replace(/^-(0(\.0+)?)$/, "$1");
}
