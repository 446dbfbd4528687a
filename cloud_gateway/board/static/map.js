// The map of warnings: what the issuers drew, with the hazard's name in a signal block, and the sites.

import { colours, makeChart, registerLand } from "/static/console/charts.js";
import { SIGNALS } from "/static/console/signals.js";

const EMPTY_LAND = { type: "FeatureCollection", features: [{
  type: "Feature", properties: { name: "-" },
  geometry: { type: "Polygon", coordinates: [[[-180, -85], [180, -85], [180, 85], [-180, 85], [-180, -85]]] },
}] };
const SHAPES = { ok: "circle", late: "triangle", bad: "diamond", off: "rect" };
const SIZES = { ok: 9, late: 16, bad: 18, off: 9 };
const FONT = { fontSize: 12, fontFamily: getComputedStyle(document.body).fontFamily };

const element = document.getElementById("map");
let model = read();
let chart = null;
let hasLand = false;
let cut = false;

function read() {
  return JSON.parse(document.querySelector('[data-part="model"]').dataset.model);
}

const plain = (text) => text.replace(/[{}|]/g, " ");

/** The view: exposed sites with room around them; all sites when none is exposed. */
function view(width, height) {
  const exposed = model.sites.filter((site) => site.tone !== "ok");
  const sites = exposed.length ? exposed : model.sites;
  const lats = sites.map((s) => s.latitude);
  const lons = sites.map((s) => s.longitude);
  const [south, north, west, east] = [Math.min(...lats), Math.max(...lats), Math.min(...lons), Math.max(...lons)];
  const aspect = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const tall = Math.max((north - south) * 1.7, 0.6, ((east - west) * 1.8 * aspect * height) / width);
  const broad = (tall * width) / height / aspect;
  const [x, y] = [(west + east) / 2, (south + north) / 2];
  return { aspect, coords: [[x - broad / 2, y + tall / 2], [x + broad / 2, y - tall / 2]], middle: x };
}

function ink(tone, c) {
  if (cut) return [c["ink-3"], c.card];
  return SIGNALS[tone] ?? (tone === "own" ? [c.accent, c.card] : [c["ink-2"], c.card]);
}

const lines = (c) => model.areas.flatMap((area) => area.rings.map((ring) => ({ area, ring, colour: ink(area.tone, c) })));

function areaSeries(c) {
  const data = lines(c);
  return {
    type: "custom", coordinateSystem: "geo", silent: true, z: 2, data: data.map((_, i) => [i]), encode: { tooltip: [] },
    renderItem: (params, api) => {
      const { area, ring, colour } = data[params.dataIndex];
      const dashed = area.tone.startsWith("grade") ? [5, 4] : null;
      return {
        type: "polygon", shape: { points: ring.map((point) => api.coord(point)) },
        style: { fill: colour[0], fillOpacity: 0.16, stroke: colour[0], lineWidth: 2, lineDash: dashed },
      };
    },
  };
}

function blockSeries(c, box) {
  const [[west, north], [east, south]] = box.coords;
  const data = model.areas.map((area) => {
    const points = area.rings.flat();
    const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
    const [left, right] = [Math.max(west, Math.min(...xs)), Math.min(east, Math.max(...xs))];
    const top = Math.min(north - (north - south) * 0.03, Math.max(...ys));
    const [back, front] = ink(area.tone, c);
    return {
      value: [(left + right) / 2, top], symbolSize: 1, itemStyle: { color: "transparent", opacity: 1 },
      label: {
        show: true, position: "bottom", formatter: `{b|${plain(area.hazard)}} {w|${plain(area.word)}}`,
        rich: {
          b: { ...FONT, fontWeight: 700, color: front, backgroundColor: back, padding: [5, 6], borderRadius: 4 },
          w: { ...FONT, fontWeight: 600, color: c.ink, backgroundColor: c.card, padding: [5, 6], borderRadius: 4 },
        },
      },
    };
  });
  return { type: "scatter", coordinateSystem: "geo", silent: true, z: 6, data, labelLayout: { moveOverlap: "shiftY" } };
}

function siteSeries(c, box) {
  const calm = model.sites.every((site) => site.tone === "ok");
  return {
    type: "scatter", coordinateSystem: "geo", silent: true, z: 5,
    data: model.sites.map((site) => {
      const left = site.longitude > box.middle;
      return {
        value: [site.longitude, site.latitude], symbol: SHAPES[site.tone], symbolSize: SIZES[site.tone],
        itemStyle: { color: cut ? c.off : c[site.tone], borderColor: c.card, borderWidth: 1.5, opacity: 1 },
        label: {
          show: site.tone !== "ok" || (model.sites.length <= 12 && (calm || element.clientWidth > 500)), position: left ? "left" : "right", distance: 8,
          formatter: `{n|${plain(site.name)}}\n{l|${plain(site.line)}}`,
          rich: {
            n: { ...FONT, color: c.ink, fontWeight: 650, fontSize: 13, lineHeight: 18, align: left ? "right" : "left" },
            l: { ...FONT, color: c["ink-2"], lineHeight: 16, align: left ? "right" : "left" },
          },
        },
      };
    }),
    labelLayout: { moveOverlap: "shiftY", hideOverlap: true },
  };
}

function draw() {
  if (!model.sites.length || !element.clientWidth) { chart?.clear(); return; }
  chart ??= makeChart(element);
  const c = colours();
  const box = view(element.clientWidth, element.clientHeight);
  chart.setOption({
    animation: false,
    geo: {
      map: "outline", roam: true, silent: true, scaleLimit: { min: 0.3, max: 60 },
      boundingCoords: box.coords, aspectScale: box.aspect, left: 0, right: 0, top: 0, bottom: 0,
      itemStyle: { areaColor: hasLand ? c.card : "transparent", borderColor: hasLand ? c.line : "transparent" },
      emphasis: { disabled: true }, label: { show: false },
    },
    series: [areaSeries(c), siteSeries(c, box), blockSeries(c, box)],
  }, { notMerge: true });
}

async function start() {
  const response = await fetch("/api/v1/outline").catch(() => null);
  hasLand = response?.status === 200;
  registerLand(hasLand ? await response.json() : EMPTY_LAND);
  draw();
  new ResizeObserver(() => { chart?.resize(); draw(); }).observe(element);
  document.addEventListener("themechange", draw);
  document.addEventListener("cutchange", ({ detail }) => { cut = detail; draw(); });
  document.addEventListener("modelchange", () => { model = read(); draw(); });
}

start();
