// Draws streams: measured solid, predicted dotted, thresholds dashed with their name, alarms as marks, holes open.

import * as echarts from "/static/vendor/echarts/echarts.mjs";
import { offset, shortTime, wallTime } from "/static/js/times.js";
import { bandHeight, bandParts, placeBands } from "./bands.js";
import { corners, hourly, valueAt, withHoles } from "./series.js";

const HOUR = 3600000;
const FONT = { fontSize: 12, fontFamily: getComputedStyle(document.body).fontFamily };

/** The page's colours as they are now; read again when the theme changes. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  return Object.fromEntries(
    ["ink", "ink-2", "ink-3", "line", "line-2", "card", "sea", "accent", "accent-soft", "ok", "late", "bad", "off"]
      .map((name) => [name, read(name)]),
  );
}

/** Times at which the axis is labelled: whole minutes, hours or days of the site's own clock. */
export function ticks(start, end, zone, room) {
  const wanted = Math.max(2, Math.round(room / 74));
  const steps = [1 / 60, 1 / 12, 1 / 4, 1, 2, 3, 6, 12, 24, 48, 168, 336, 672, 1344].map((h) => h * HOUR);
  const step = steps.find((s) => (end - start) / s <= wanted) ?? steps.at(-1);
  const shift = offset(start, zone);
  const found = [];
  for (let at = Math.ceil((start + shift) / step) * step - shift; at <= end; at += step) found.push(at);
  return found;
}

export function makeChart(element) {
  return echarts.init(element, null, { renderer: "canvas" });
}

function timeAxis(span, zone, width, c, labelled) {
  const values = ticks(span.start, span.end, zone, width);
  return {
    type: "time", min: span.start, max: span.end, show: labelled,
    axisLine: { lineStyle: { color: c.line } }, splitLine: { show: false },
    axisTick: { customValues: values, lineStyle: { color: c.line } },
    axisLabel: {
      ...FONT, customValues: values, color: c["ink-2"], hideOverlap: true,
      formatter: (at) => shortTime(at, zone),
    },
  };
}

function tooltip(site, unit, c) {
  return {
    trigger: "axis", renderMode: "richText", confine: true, backgroundColor: c.card, borderColor: c.line,
    textStyle: { color: c.ink, ...FONT }, transitionDuration: 0,
    axisPointer: { lineStyle: { color: c["ink-3"] }, label: { show: false } },
    formatter: (items) => {
      const rows = items.filter((i) => i.value?.[1] != null && i.seriesName)
        .map((i) => `${i.seriesName}  ${say(i.value[1], unit)}`);
      return [wallTime(items[0].value[0], site.zone), ...rows].join("\n");
    },
  };
}

/** A number as people read it, with its unit. */
export function say(value, unit) {
  if (typeof value !== "number") return String(value);
  const size = Math.abs(value);
  return `${value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)} ${unit}`.trim();
}

function line(name, data, colour, extra = {}) {
  const { lineStyle, ...rest } = extra;
  return {
    type: "line", name, data, showSymbol: false, animation: false, silent: true, connectNulls: false,
    color: colour, lineStyle: { color: colour, width: 1.5, ...lineStyle }, ...rest,
  };
}

function endLabel(text, colour) {
  return {
    endLabel: { show: true, formatter: () => text, color: colour, ...FONT, fontWeight: 600, distance: 6, lineHeight: 17 },
    labelLayout: { moveOverlap: "shiftY" },
  };
}

function thresholdLines(rules, unit, c) {
  return rules.map((rule) => ({
    yAxis: rule.limit,
    lineStyle: { color: c.bad, type: "dashed", width: 1.2 },
    label: {
      position: "insideStartTop", formatter: () => `${rule.label} ${say(rule.limit, unit)}`, color: c.bad, ...FONT,
    },
  }));
}

function marks(alarms, points, labels, c) {
  return {
    type: "scatter", name: "", data: alarms.map((a) => ({
      value: [a.at, valueAt(points, a.at)],
      label: { show: true, formatter: () => a.label, position: "left", color: c.bad, ...FONT, distance: 6, textBorderColor: c.card, textBorderWidth: 3 },
    })),
    symbol: "diamond", symbolSize: 13, itemStyle: { color: c.bad, borderColor: c.card, borderWidth: 1.5 },
    animation: false, silent: true, z: 6, labelLayout: { hideOverlap: true },
    tooltip: { show: false },
  };
}

function latestDot(point, colour, c) {
  return {
    type: "scatter", name: "", data: point ? [point] : [], symbolSize: 9, animation: false, silent: true, z: 7,
    itemStyle: { color: colour, borderColor: c.card, borderWidth: 1.5 },
  };
}

/** The stream that predicts another, if there is one. */
export function companionOf(site, plot) {
  return site.plots.find((p) => p.predicts === plot.name && p.device === plot.device);
}

/** The main chart of a site: its key stream with prediction, thresholds and alarms. */
export function mainOption(site, plot, series, span, state) {
  const { c, words, width, alarms, cut } = state;
  const own = series.get(plot.id);
  const companion = companionOf(site, plot);
  const rules = site.limits.filter((r) => r.device === plot.device && r.stream === plot.name);
  const accent = cut ? c["ink-3"] : c.accent;
  const narrow = width < 560;
  const lines = [];
  if (companion) {
    const predicted = series.get(companion.id);
    const holed = withHoles(predicted, interval(companion, span));
    lines.push(line(words.predicted, holed, c["ink-3"], {
      lineStyle: { type: "dotted", width: 1.8 }, ...endLabel(words.predicted, c["ink-2"]),
    }));
    for (const rule of rules.filter((r) => r.type === "residual")) {
      const name = words.above.replace("%(limit)s", () => say(rule.limit, plot.unit));
      const edge = holed.map(([at, v]) => [at, v === null ? null : v + rule.limit]);
      lines.push(line(name, edge, c.bad, {
        lineStyle: { type: "dashed", width: 1.2, opacity: 0.85 },
        ...endLabel(narrow ? `+ ${say(rule.limit, plot.unit)}` : name, c.bad),
      }));
    }
  }
  const fixed = rules.filter((r) => r.type === "threshold");
  lines.push(line(words.measured, withHoles(own, interval(plot, span)), accent, {
    lineStyle: { width: 2.4 }, z: 5, ...endLabel(words.measured, accent),
    markLine: { silent: true, symbol: "none", animation: false, data: thresholdLines(fixed, plot.unit, c) },
  }));
  lines.push(marks(alarms.filter((a) => a.device === plot.device && a.stream === plot.name), own, words, c));
  lines.push(latestDot(own.at(-1), accent, c));
  return withBands({
    animation: false,
    grid: { left: 44, right: narrow ? 84 : 128, top: 34, bottom: 30, containLabel: false },
    tooltip: tooltip(site, plot.unit, c),
    xAxis: timeAxis(span, site.zone, width - (narrow ? 128 : 172), c, true),
    yAxis: {
      type: "value", scale: true, name: plot.unit, nameTextStyle: { color: c["ink-2"], align: "right", ...FONT },
      nameGap: 14, min: (v) => Math.floor(Math.min(v.min, ...fixed.map((r) => r.limit))),
      max: (v) => Math.ceil(Math.max(v.max, ...fixed.map((r) => r.limit)) + 0.05),
      axisLabel: { color: c["ink-2"], ...FONT }, splitLine: { lineStyle: { color: c["line-2"] } },
    },
    series: lines,
  }, span, state);
}

/** The same chart with the official warnings of its time above it, where there are any. */
function withBands(option, span, state) {
  const placed = placeBands(state.bands ?? [], span, state.clock);
  if (!placed.length) return option;
  const grid = { ...option.grid, top: option.grid.top + bandHeight(placed) };
  const parts = bandParts(placed, span, grid, { ...state, font: FONT });
  return {
    ...option, grid: [grid, parts.grid], xAxis: [option.xAxis, parts.xAxis], yAxis: [option.yAxis, parts.yAxis],
    series: [...option.series, parts.series],
  };
}

/** The time between two points of a stream as it is drawn, ms. */
export function interval(plot, span) {
  return Math.max(plot.interval_s * 1000, span.width);
}

/** A small chart: bars for amounts, a strip for contacts, a line for the rest. */
export function smallOption(site, plot, series, span, state) {
  const { c, cut } = state;
  const accent = cut ? c["ink-3"] : c.accent;
  const points = series.get(plot.id);
  const grid = { left: 1, right: 1, top: 3, bottom: 1 };
  const xAxis = { ...timeAxis(span, site.zone, 200, c, true), axisLabel: { show: false }, axisTick: { show: false } };
  if (plot.kind === "contact") return strip(site, plot, points, span, xAxis, state);
  const bars = plot.kind === "amount";
  const data = bars ? hourly(points).map(([at, v]) => [at + HOUR / 2, v]) : withHoles(points, interval(plot, span));
  const rules = site.limits.filter((r) => r.device === plot.device && r.stream === plot.name && r.type === "threshold");
  const own = bars
    ? { type: "bar", name: plot.label, data, barWidth: barWidth(span, state.width), itemStyle: { color: accent }, animation: false }
    : line(plot.label, data, accent, { lineStyle: { width: 1.6 } });
  own.markLine = {
    silent: true, symbol: "none", animation: false,
    data: rules.map((r) => ({
      yAxis: r.limit, lineStyle: { color: c.bad, type: "dashed", width: 1 },
      label: { position: "insideStartTop", formatter: () => say(r.limit, plot.unit), color: c.bad, ...FONT, fontSize: 11, distance: 1 },
    })),
  };
  const highest = Math.max(...data.map((p) => p[1] ?? -Infinity), ...rules.map((r) => r.limit * 1.25), bars ? 1 : 0.01);
  return {
    animation: false, grid, tooltip: tooltip(site, bars ? `${plot.unit}/h` : plot.unit, c), xAxis,
    yAxis: { type: "value", show: false, min: bars ? 0 : (v) => Math.min(v.min, 0), max: highest * 1.05 },
    series: [own],
  };
}

function barWidth(span, width) {
  return Math.max(1, Math.min(10, (width * HOUR) / (span.end - span.start) - 1));
}

function strip(site, plot, points, span, xAxis, state) {
  const { c, words, cut } = state;
  const bad = cut ? c["ink-3"] : c.late;
  const held = corners(points, Math.min(state.clock, span.end));
  const tip = tooltip(site, "", c);
  return {
    animation: false, grid: { left: 1, right: 1, top: 2, bottom: 2 }, xAxis,
    tooltip: { ...tip, formatter: (items) => `${wallTime(items[0].value[0], site.zone)}\n${items[0].value[1] ? words.active : words.rest}` },
    yAxis: { type: "value", show: false, min: 0, max: 1 },
    series: [line(plot.label, held, bad, {
      lineStyle: { width: 0 }, areaStyle: { color: bad, opacity: 0.85, origin: 0 },
    })],
  };
}

/** Sites that are named on a map of many: the worst of those that are not fine. */
const NAMED = 12;
const MARKS = { bad: "◆", late: "▲", off: "□", ok: "●" };

/** The map: land, and the sites, the worst on top, each with shape, colour, words, and its devices by how they stand. */
export function mapOption(model, hasLand, state) {
  const { c, width, height, cut } = state;
  const shapes = { ok: "circle", late: "triangle", bad: "diamond", off: "rect" };
  const sizes = { ok: 16, late: 18, bad: 20, off: 14 };
  const few = model.sites.length <= NAMED;
  const box = bounds(model.sites, width, height, hasLand, few ? 1.8 : 1.2);
  return {
    animation: false,
    geo: {
      map: "outline", roam: true, silent: true, scaleLimit: { min: 0.5, max: 40 },
      boundingCoords: box.coords, aspectScale: box.aspect, left: 0, right: 0, top: 0, bottom: 0,
      itemStyle: { areaColor: hasLand ? c.card : "transparent", borderColor: hasLand ? c.line : "transparent" },
      emphasis: { disabled: true }, label: { show: false },
    },
    series: [{
      type: "scatter", coordinateSystem: "geo", cursor: "pointer", emphasis: { disabled: true }, z: 5,
      data: model.sites.map((site, i) => {
        const colour = cut ? c.off : c[site.tone];
        const off = site.tone === "off";
        return {
          name: site.code,
          value: [site.longitude, site.latitude], symbol: shapes[site.tone], symbolSize: sizes[site.tone],
          itemStyle: { color: off ? c.card : colour, borderColor: off ? colour : c.card, borderWidth: off ? 2.5 : 1.5, opacity: 1 },
          label: { ...label(site, box, few, state), show: few || (i < NAMED && site.tone !== "ok") },
        };
      }).reverse(),
      labelLayout: { moveOverlap: "shiftY", hideOverlap: !few },
    }],
  };
}

/** A site's name, what is measured there where there is room for it, and its devices. */
function label(site, box, few, { c, width, cut }) {
  const left = site.longitude > box.middle;
  const said = !few ? [] : width < 560 ? site.line.split(/, |，/) : [site.line];
  const align = left ? "right" : "left";
  const style = { ...FONT, lineHeight: 16, align, textBorderColor: c.sea, textBorderWidth: 3 };
  const tones = Object.keys(MARKS).map((tone) => [tone, { ...style, color: cut ? c.off : c[tone] }]);
  return {
    position: left ? "left" : "right", distance: 9, align,
    formatter: [`{n|${plain(site.name)}}`, ...said.map((part) => `{l|${plain(part)}}`), devicesOf(site)].filter(Boolean).join("\n"),
    rich: {
      n: { ...style, color: c.ink, fontWeight: 650, fontSize: 13, lineHeight: 18 },
      l: { ...style, color: c["ink-2"] }, ...Object.fromEntries(tones),
    },
  };
}

/** The devices of a site by how they stand, in the map's own signs. */
function devicesOf(site) {
  const of = (tone) => site.devices.filter((one) => one.tone === tone).reduce((sum, one) => sum + one.count, 0);
  return Object.keys(MARKS).filter(of).map((tone) => `{${tone}|${MARKS[tone]} ${of(tone)}}`).join("  ");
}

function plain(text) {
  return text.replace(/[{}|]/g, " ");
}

/** A box around the sites, `room` times as large for their labels, in the shape of the card. */
function bounds(sites, width, height, land, room) {
  const lats = sites.map((s) => s.latitude);
  const lons = sites.map((s) => s.longitude);
  const [south, north, west, east] = [Math.min(...lats), Math.max(...lats), Math.min(...lons), Math.max(...lons)];
  const aspect = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const most = land ? ((land[2] - land[0]) * aspect * height) / width : Infinity;
  const least = Math.max(north - south, 0.2);
  const tall = Math.max(Math.min(least * (room - 0.1), most), least * Math.min(room, 1.25));
  const broad = Math.max((east - west) * room, 0.2);
  const h = Math.max(tall, (broad * aspect * height) / width);
  const w = (h * width) / height / aspect;
  const x = inside((west + east) / 2, w / 2, land && [land[0], land[2]]);
  const y = inside((south + north) / 2, h / 2, land && [land[1], land[3]]);
  return { aspect, middle: x, coords: [[x - w / 2, y + h / 2], [x + w / 2, y - h / 2]] };
}

/** Moves the middle of a view so that it does not look past the edge of the outline, where it can. */
function inside(middle, half, edges) {
  if (!edges) return middle;
  const [low, high] = edges;
  if (high - low < 2 * half) return (low + high) / 2;
  return Math.min(Math.max(middle, low + half), high - half);
}

/** Makes the outline known to the map; answers its bounding box [west, south, east, north]. */
export function registerLand(geojson) {
  echarts.registerMap("outline", geojson);
  const points = JSON.stringify(geojson).match(/\[-?[\d.]+,-?[\d.]+\]/g)?.map(JSON.parse) ?? [];
  const [lons, lats] = [points.map((p) => p[0]), points.map((p) => p[1])];
  const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
  return [least(lons), least(lats), most(lons), most(lats)];
}
