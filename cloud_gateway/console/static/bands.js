// Official warnings as bands above a chart's curve: colour, text and a place of its own for each hazard.

import { SIGNALS } from "./signals.js";

export const LANE = 20; // height of one hazard's lane, px
const MOST_LANES = 4;
const CHAR = { wide: 12, narrow: 6.6 };

/** The API's bands as charts draw them: times in ms UTC, one label in the reader's language. */
export function toBands(warnings, english, words) {
  return warnings.map((one) => {
    const label = english ? one.label : one.label_zh;
    const said = one.announced ? words.announced.replace("%(what)s", () => label) : label;
    return {
      key: `${one.hazard} ${one.simulated} ${one.announced} ${one.since}`,
      lane: `${one.hazard} ${one.simulated}`, level: one.level, color: one.color, announced: one.announced,
      since: Date.parse(one.since), until: one.until === null ? null : Date.parse(one.until),
      label: one.simulated ? words.exercise.replace("%(what)s", () => said) : said,
    };
  });
}

/** Puts newly read bands in place of the same ones as they were known before. */
export function mergeBands(old, fresh) {
  const keys = new Set(fresh.map((band) => band.key));
  return [...old.filter((band) => !keys.has(band.key)), ...fresh].sort((a, b) => a.since - b.since);
}

/** The bands of a span, cut to it, each with the number of its lane; those of graver hazards lie higher. */
export function placeBands(bands, span, clock) {
  const end = Math.min(span.end, Math.max(clock, span.start));
  const inside = bands
    .map((band) => ({ ...band, from: Math.max(band.since, span.start), to: Math.min(band.until ?? end, span.end) }))
    .filter((band) => band.to > band.from);
  const gravest = new Map();
  for (const { lane, level } of inside) gravest.set(lane, Math.max(level, gravest.get(lane) ?? 0));
  const lanes = [...gravest.keys()].sort((a, b) => gravest.get(b) - gravest.get(a) || (a < b ? -1 : 1)).slice(0, MOST_LANES);
  return inside.map((band) => ({ ...band, row: lanes.indexOf(band.lane) })).filter((band) => band.row >= 0);
}

const rows = (placed) => placed.reduce((most, band) => Math.max(most, band.row + 1), 0);

/** The height that the lanes take above a chart, px. */
export const bandHeight = (placed) => rows(placed) * LANE;

/** How many px a text takes, about. */
export function textWidth(text) {
  return [...text].reduce((sum, char) => sum + (char.codePointAt(0) > 0x2e7f ? CHAR.wide : CHAR.narrow), 0);
}

/** What of a band's name has room in it: all, its level 1 to 4, or nothing. */
export function fittingLabel(band, width) {
  const texts = [band.label, String(band.level)];
  return texts.find((text) => width >= textWidth(text) + 6) ?? "";
}

/** Grid, axes and series of the lanes, which stand above the chart's own; to be put after them. */
export function bandParts(placed, span, grid, state) {
  const { c, font } = state;
  const axis = { gridIndex: 1, show: false, axisPointer: { show: false, triggerTooltip: false } };
  return {
    grid: { left: grid.left, right: grid.right, top: 6, height: bandHeight(placed), containLabel: false },
    xAxis: { ...axis, type: "time", min: span.start, max: span.end },
    yAxis: { ...axis, type: "value", min: 0, max: rows(placed), inverse: true },
    series: {
      type: "custom", name: "", xAxisIndex: 1, yAxisIndex: 1, silent: true, animation: false, z: 3,
      data: placed.map((band) => [band.from, band.row, band.to]), encode: { x: [0, 2], y: 1, tooltip: [] },
      tooltip: { show: false },
      renderItem: (params, api) => drawBand(placed[params.dataIndex], api, c, font, state.cut),
    },
  };
}

function drawBand(band, api, c, font, cut) {
  const [left, top] = api.coord([band.from, band.row]);
  const width = Math.max(api.coord([band.to, band.row])[0] - left, 2);
  const [fill, ink] = cut ? [c["ink-3"], c.card] : SIGNALS[band.color] ?? [c["ink-2"], c.card];
  const style = band.announced
    ? { fill: "transparent", stroke: fill, lineWidth: 1.5, lineDash: [4, 3] }
    : { fill, stroke: c.card, lineWidth: 1 };
  return {
    type: "rect", shape: { x: left, y: top + 1, width, height: LANE - 3, r: 3 }, style,
    textContent: {
      type: "text",
      style: { text: fittingLabel(band, width), fill: band.announced ? c.ink : ink, ...font, fontWeight: 600 },
    },
    textConfig: { position: "insideLeft", distance: 4 },
  };
}
