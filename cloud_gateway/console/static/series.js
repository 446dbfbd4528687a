// The points of the charts: kept per stream, merged as they come, cut where there is a hole.

const MISSED = 2.5; // intervals without a value that make a hole

/** Points of many streams, each [at, value] in time order; `at` in ms UTC. */
export class Series {
  #lines = new Map();

  get(id) {
    return this.#lines.get(id) ?? [];
  }

  last(id) {
    return this.get(id).at(-1);
  }

  /** Puts points in place of those from the first one's time on. */
  merge(id, points) {
    if (!points.length) return;
    const old = this.get(id);
    const from = points[0][0];
    let keep = old.length;
    while (keep && old[keep - 1][0] >= from) keep -= 1;
    const end = points.at(-1)[0];
    const rest = old.slice(keep).filter(([at]) => at > end);
    this.#lines.set(id, [...old.slice(0, keep), ...points, ...rest]);
  }

  forget(id) {
    this.#lines.delete(id);
  }
}

/** Inserts an empty point wherever the next value is later than 2.5 intervals. */
export function withHoles(points, intervalMs) {
  const out = [];
  let before = null;
  for (const point of points) {
    if (before !== null && point[0] - before > MISSED * intervalMs) out.push([before + 1, null]);
    out.push(point);
    before = point[0];
  }
  return out;
}

/** Sums amounts by the hour: [start of hour, sum]. */
export function hourly(points) {
  const sums = new Map();
  for (const [at, value] of points) {
    const hour = Math.floor(at / 3600000) * 3600000;
    sums.set(hour, (sums.get(hour) ?? 0) + value);
  }
  return [...sums];
}

/** The value at a time, between its neighbours; null outside. */
export function valueAt(points, at) {
  const after = points.findIndex((p) => p[0] >= at);
  if (after < 0) return points.at(-1)?.[1] ?? null;
  if (after === 0) return points[0][1];
  const [a, b] = [points[after - 1], points[after]];
  return a[1] + ((b[1] - a[1]) * (at - a[0])) / (b[0] - a[0]);
}

/** The states of a contact as corners of a strip: 0 or 1 at each change, and at the end. */
export function corners(points, end) {
  const out = [];
  let before = null;
  for (const [at, value] of points) {
    const state = value === true ? 1 : 0;
    if (state === before) continue;
    if (before !== null) out.push([at, before]);
    out.push([at, state]);
    before = state;
  }
  if (before !== null) out.push([Math.max(points.at(-1)[0], end), before]);
  return out;
}

/** Whether values are missing between the first and the last point. */
export function hasHole(points, intervalMs) {
  return points.some((point, i) => i > 0 && point[0] - points[i - 1][0] > MISSED * intervalMs);
}
