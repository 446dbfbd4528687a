// Draws one stream: the mean as a line, lowest to highest as a band, thresholds dashed, alarms as marks, gaps open.

import { say, ticks } from "/static/console/charts.js";
import { shortTime, wallTime } from "/static/js/times.js";

const FONT = { fontSize: 12, fontFamily: getComputedStyle(document.body).fontFamily };

/** Buckets as points in the middle of their intervals; an empty one where the line is open. */
export function points(buckets, width) {
  let before = 0;
  return buckets.map((bucket) => {
    if (bucket === null) return [before + width, null, null, null, 0];
    const [at, low, mean, high, count] = bucket;
    before = at;
    return [at + width / 2, mean, low, high, count];
  });
}

function shared(span, zone, width, c) {
  const values = ticks(span.start, span.end, zone, width);
  return {
    animation: false,
    grid: { left: 52, right: 16, top: 18, bottom: 26 },
    dataZoom: [{ type: "inside", filterMode: "none", minValueSpan: 10000, zoomOnMouseWheel: "ctrl", moveOnMouseMove: true, preventDefaultMouseMove: false }],
    xAxis: {
      type: "time", min: span.start, max: span.end, axisLine: { lineStyle: { color: c.line } }, splitLine: { show: false },
      axisTick: { customValues: values, lineStyle: { color: c.line } },
      axisLabel: { ...FONT, customValues: values, color: c["ink-2"], hideOverlap: true, formatter: (at) => shortTime(at, zone) },
    },
  };
}

function tooltip(stream, zone, words, c) {
  return {
    trigger: "axis", renderMode: "richText", confine: true, backgroundColor: c.card, borderColor: c.line,
    textStyle: { color: c.ink, ...FONT }, transitionDuration: 0, axisPointer: { lineStyle: { color: c["ink-3"] }, label: { show: false } },
    formatter: (items) => {
      const [at, mean, low, high, count] = items[0].value;
      if (mean === null) return wallTime(at, zone);
      const rows = [wallTime(at, zone), `${words.mean}  ${say(mean, stream.unit)}`];
      if (low !== high) rows.push(words.range.replace("%(low)s", say(low, "")).replace("%(high)s", say(high, stream.unit)));
      rows.push(words.count.replace("%(count)s", count));
      return rows.join("\n");
    },
  };
}

function band(data, colour) {
  const hidden = { type: "line", stack: "band", stackStrategy: "all", showSymbol: false, silent: true, lineStyle: { opacity: 0 }, tooltip: { show: false }, connectNulls: false };
  return [
    { ...hidden, data: data.map(([at, , low]) => [at, low]) },
    { ...hidden, data: data.map(([at, , low, high]) => [at, low === null ? null : high - low]), areaStyle: { color: colour, opacity: 0.22 } },
  ];
}

/** The value that was shown last before a time, for a mark. */
function near(data, at) {
  let found = null;
  for (const point of data) {
    if (point[0] > at && found !== null) break;
    if (point[1] !== null) found = point[1];
  }
  return found;
}

function marks(alarms, data, c) {
  return {
    type: "scatter", symbol: "diamond", symbolSize: 12, silent: true, z: 6, tooltip: { show: false }, labelLayout: { hideOverlap: true },
    itemStyle: { color: c.bad, borderColor: c.card, borderWidth: 1.5 },
    data: alarms.map(({ at, value, label }) => ({
      value: [at, near(data, at) ?? value],
      label: { show: true, formatter: label, position: "left", color: c.bad, ...FONT, textBorderColor: c.card, textBorderWidth: 3 },
    })),
  };
}

/** A stream of numbers. `state` has c (colours), words, width (px), zone, cut. */
export function numberOption(stream, line, span, state) {
  const { c, words, width, zone, cut, limits, alarms } = state;
  const data = points(line.buckets, line.width);
  const colour = cut ? c["ink-3"] : c.accent;
  return {
    ...shared(span, zone, width - 68, c),
    tooltip: tooltip(stream, zone, words, c),
    yAxis: {
      type: "value", scale: true, axisLabel: { color: c["ink-2"], ...FONT, showMinLabel: false, showMaxLabel: false }, splitLine: { lineStyle: { color: c["line-2"] } },
      min: (v) => Math.min(v.min, ...limits.map((r) => r.limit)), max: (v) => Math.max(v.max, ...limits.map((r) => r.limit)),
    },
    series: [
      {
        type: "line", data, showSymbol: data.length < 2, connectNulls: false, silent: true, z: 5, color: colour,
        lineStyle: { color: colour, width: 1.6 }, dimensions: ["at", "mean", "low", "high", "count"], encode: { x: 0, y: 1 },
        markLine: {
          silent: true, symbol: "none",
          data: limits.map((rule) => ({
            yAxis: rule.limit, lineStyle: { color: c.bad, type: "dashed", width: 1.2 },
            label: { position: "insideStartTop", formatter: `${rule.label} ${say(rule.limit, stream.unit)}`, color: c.bad, ...FONT },
          })),
        },
      },
      ...band(data, colour),
      marks(alarms, data, c),
    ],
  };
}

/** A stream of switches: a strip where it was active; texts are shown as their changes. */
export function stateOption(stream, line, span, state) {
  const { c, words, width, zone, cut, clock } = state;
  const data = [];
  for (const [at, value] of line.states) data.push([at, value === true || (typeof value === "string" && value !== "") ? 1 : 0, value]);
  if (data.length) data.push([Math.max(data.at(-1)[0], Math.min(clock, span.end)), ...data.at(-1).slice(1)]);
  const colour = cut ? c["ink-3"] : c.late;
  return {
    ...shared(span, zone, width - 68, c),
    tooltip: {
      ...tooltip(stream, zone, words, c),
      formatter: (items) => {
        const [at, , value] = items[0].value;
        const said = typeof value === "boolean" ? (value ? words.active : words.rest) : String(value);
        return `${wallTime(at, zone)}\n${said}`;
      },
    },
    yAxis: { type: "value", show: false, min: 0, max: 1 },
    series: [{ type: "line", step: "end", data, showSymbol: false, silent: true, lineStyle: { width: 0 }, areaStyle: { color: colour, opacity: 0.85, origin: 0 } }],
  };
}
