// Draws one stream: the mean as a line, lowest to highest as a band, its prediction dotted, thresholds dashed, gaps open.

import { say, ticks } from "/static/console/charts.js";
import { shortTime, wallTime } from "/static/js/times.js";
import { labelOf, scaleOf } from "./scale.js";

const FONT = { fontSize: 12, fontFamily: getComputedStyle(document.body).fontFamily };
const NARROW = 560;
const LEFT = 52;

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

/** The points that no line reaches, for there is none before and after them. */
export function alone(data) {
  const empty = (point) => !point || point[1] === null;
  return data.filter((point, i) => !empty(point) && empty(data[i - 1]) && empty(data[i + 1]));
}

function dots(data, colour) {
  return { type: "scatter", silent: true, z: 5, symbolSize: 4, tooltip: { show: false }, itemStyle: { color: colour }, data: alone(data).map(([at, mean]) => [at, mean]) };
}

function shared(span, state) {
  const { zone, width, c } = state;
  const right = !state.predicts ? 16 : width < NARROW ? 78 : 148; // the same for all, so that times lie below each other
  const values = ticks(span.start, span.end, zone, width - LEFT - right);
  return {
    animation: false,
    grid: { left: LEFT, right, top: 20, bottom: 26 },
    dataZoom: [{ type: "inside", filterMode: "none", minValueSpan: 10000, zoomOnMouseWheel: "ctrl", moveOnMouseMove: true, preventDefaultMouseMove: false }],
    xAxis: {
      type: "time", min: span.start, max: span.end, axisLine: { lineStyle: { color: c.line } }, splitLine: { show: false },
      axisTick: { customValues: values, lineStyle: { color: c.line } },
      axisLabel: { ...FONT, customValues: values, color: c["ink-2"], hideOverlap: true, formatter: (at) => shortTime(at, zone) },
    },
  };
}

/** In place of a curve, that there is nothing. */
function nothing(words, c) {
  return { text: words.none, left: "center", top: "middle", textStyle: { ...FONT, fontSize: 14, fontWeight: 500, color: c["ink-2"] } };
}

function tooltip(state, formatter) {
  const { c } = state;
  return {
    trigger: "axis", renderMode: "richText", confine: true, backgroundColor: c.card, borderColor: c.line,
    textStyle: { color: c.ink, ...FONT }, transitionDuration: 0, axisPointer: { lineStyle: { color: c["ink-3"] }, label: { show: false } },
    formatter,
  };
}

function sayPoint(items, stream, { zone, words }) {
  const rows = [wallTime(items[0].value[0], zone)];
  const own = items.find((item) => item.seriesName === words.measured)?.value;
  if (own && own[1] !== null) {
    const [, mean, low, high, count] = own;
    rows.push(`${words.mean}  ${say(mean, stream.unit)}`);
    if (low !== high) rows.push(words.range.replace("%(low)s", say(low, "")).replace("%(high)s", say(high, stream.unit)));
    rows.push(words.count.replace("%(count)s", count));
  }
  const predicted = items.find((item) => item.seriesName === words.predicted)?.value;
  if (predicted && predicted[1] !== null) rows.push(`${words.predicted}  ${say(predicted[1], stream.unit)}`);
  return rows.join("\n");
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

/** Alarms as marks with the number that the list below gives them; where there is room, with their names. */
function marks(placed, span, { c, cut, width }) {
  const tone = (alarm) => (cut ? c["ink-3"] : alarm.severity === "attention" ? c.late : c.bad);
  return {
    type: "scatter", silent: true, z: 6, tooltip: { show: false }, labelLayout: { hideOverlap: true },
    data: placed.map(([alarm, height]) => ({
      value: [alarm.at, height], symbol: alarm.severity === "attention" ? "triangle" : "diamond", symbolSize: 13,
      itemStyle: { color: tone(alarm), borderColor: c.card, borderWidth: 1.5 },
      label: {
        show: true, formatter: () => (width < NARROW ? String(alarm.number) : `${alarm.number} ${alarm.label}`), color: tone(alarm), ...FONT, fontWeight: 600,
        position: alarm.at < span.start + (span.end - span.start) / 4 ? "right" : "left", textBorderColor: c.card, textBorderWidth: 3,
      },
    })),
  };
}

function dashes(text, colour, position) {
  return { lineStyle: { color: colour, type: "dashed", width: 1.2 }, label: { position, formatter: () => text, color: colour, ...FONT } };
}

/** Thresholds as they are set now, all through; and, where an alarm was raised under another, that one while it stood. */
function limitLines(stream, span, state) {
  const { c, cut, words, limits, alarms } = state;
  const colour = cut ? c["ink-3"] : c.bad;
  const fixed = limits.filter((rule) => rule.type === "threshold");
  const now = fixed.map((rule, i) => ({ yAxis: rule.limit, ...dashes(`${rule.label} ${say(rule.limit, stream.unit)}`, colour, i % 2 ? "insideEndTop" : "insideStartTop") }));
  const others = alarms.filter((alarm) => alarm.type === "threshold" && !fixed.some((rule) => rule.name === alarm.rule && Math.abs(rule.limit - alarm.limit) < 1e-9));
  const then = others.map((alarm) => {
    const [from, until] = [Math.max(alarm.from, span.start), Math.min(alarm.until ?? state.clock, span.end)];
    const text = words.then.replace("%(rule)s", () => alarm.label).replace("%(limit)s", () => say(alarm.limit, stream.unit));
    const place = until > (span.start + span.end) / 2 ? "insideEndTop" : "insideStartTop";
    return [{ coord: [from, alarm.limit], ...dashes(text, colour, place) }, { coord: [until, alarm.limit] }];
  });
  return { lines: [...now, ...then], heights: [...fixed.map((rule) => rule.limit), ...others.map((alarm) => alarm.limit)] };
}

function endLabel(text, colour) {
  return {
    endLabel: { show: true, formatter: () => text, color: colour, ...FONT, fontWeight: 600, distance: 6, lineHeight: 17 },
    labelLayout: { moveOverlap: "shiftY" },
  };
}

/** What was predicted, dotted; and how far above it is too far, dashed. */
function predictedLines(data, stream, { c, cut, words, limits, width }) {
  const line = { type: "line", showSymbol: false, silent: true, connectNulls: false, z: 4 };
  const lines = [{
    ...line, name: words.predicted, data: data.map(([at, mean]) => [at, mean]), color: c["ink-2"],
    lineStyle: { color: c["ink-2"], type: "dotted", width: 1.8 }, ...endLabel(words.predicted, c["ink-2"]),
  }];
  const colour = cut ? c["ink-3"] : c.bad;
  for (const rule of limits.filter((one) => one.type === "residual")) {
    const said = say(rule.limit, stream.unit);
    lines.push({
      ...line, data: data.map(([at, mean]) => [at, mean === null ? null : mean + rule.limit]), color: colour, tooltip: { show: false },
      lineStyle: { color: colour, type: "dashed", width: 1.2, opacity: 0.85 },
      ...endLabel(width < NARROW ? `+ ${said}` : words.above.replace("%(limit)s", said), colour),
    });
  }
  return lines;
}

function heightsOf(data, predicted, limits) {
  const found = data.flatMap(([, mean, low, high]) => [low ?? mean, high ?? mean]);
  const most = Math.max(0, ...limits.filter((rule) => rule.type === "residual").map((rule) => rule.limit));
  return [...found, ...predicted.flatMap(([, mean]) => (mean === null ? [] : [mean, mean + most]))];
}

/** A stream of numbers. `state` has c (colours), words, width (px), zone, cut, limits, alarms, predicted (buckets or null), predicts (whether any plot has one). */
export function numberOption(stream, line, span, state) {
  const { c, words, cut } = state;
  const data = points(line.buckets, line.width);
  const predicted = state.predicted ? points(state.predicted, line.width) : [];
  const colour = cut ? c["ink-3"] : c.accent;
  const empty = !data.length && !predicted.length;
  const limits = empty ? { lines: [], heights: [] } : limitLines(stream, span, state);
  const scale = scaleOf([...heightsOf(data, predicted, state.limits), ...limits.heights]);
  const look = stream.is_prediction ? { color: cut ? c["ink-3"] : c["ink-2"], type: "dotted", width: 1.8 } : { color: colour, width: 1.8 };
  return {
    ...shared(span, state),
    ...(empty ? { title: nothing(words, c) } : {}),
    tooltip: tooltip(state, (items) => sayPoint(items, stream, state)),
    yAxis: {
      type: "value", show: !empty, ...scale, axisLabel: { color: c["ink-2"], ...FONT, formatter: (value) => labelOf(value, scale.interval) },
      splitLine: { lineStyle: { color: c["line-2"] } },
    },
    series: [
      {
        type: "line", name: words.measured, data, showSymbol: false, connectNulls: false, silent: true, z: 5, color: look.color,
        lineStyle: look, dimensions: ["at", "mean", "low", "high", "count"], encode: { x: 0, y: 1 },
        ...(predicted.length ? endLabel(words.measured, colour) : {}),
        markLine: { silent: true, symbol: "none", data: limits.lines },
      },
      ...(predicted.length ? predictedLines(predicted, stream, state) : []),
      ...band(data, colour),
      dots(data, look.color),
      marks(state.alarms.map((alarm) => [alarm, near(data, alarm.at) ?? alarm.value]), span, state),
    ],
  };
}

/** A stream of switches: a strip where it was active; texts are shown as their changes. */
export function stateOption(stream, line, span, state) {
  const { c, words, zone, cut, clock } = state;
  const data = [];
  for (const [at, value] of line.states) data.push([at, value === true || (typeof value === "string" && value !== "") ? 1 : 0, value]);
  if (data.length && line.whole) data.push([Math.max(data.at(-1)[0], Math.min(clock, span.end)), ...data.at(-1).slice(1)]);
  const colour = cut ? c["ink-3"] : c.late;
  const said = (value) => (typeof value === "boolean" ? (value ? words.active : words.rest) : String(value));
  const switches = line.states.some(([, value]) => typeof value === "boolean");
  return {
    ...shared(span, state),
    ...(data.length ? {} : { title: nothing(words, c) }),
    tooltip: tooltip(state, (items) => `${wallTime(items[0].value[0], zone)}\n${said(items[0].value[2])}`),
    yAxis: {
      type: "value", min: 0, max: 1, interval: 1, splitLine: { show: false }, axisLine: { show: false }, axisTick: { show: false },
      axisLabel: { show: switches, color: c["ink-2"], ...FONT, formatter: (value) => (value ? words.active : words.rest) },
    },
    series: [
      { type: "line", step: "end", data, showSymbol: false, silent: true, lineStyle: { width: 0 }, areaStyle: { color: colour, opacity: 0.85, origin: 0 } },
      marks(state.alarms.map((alarm) => [alarm, 0.5]), span, state),
    ],
  };
}
