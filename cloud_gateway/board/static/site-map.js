// The map of a site's form: its point and its outline, set, dragged and drawn by mouse or touch. The fields hold what
// is true; whatever is done here is written into them, and what is typed there is drawn here.

import * as echarts from "/static/vendor/echarts/echarts.mjs";
import { colours, makeChart, registerLand } from "/static/console/charts.js";
import { broad, fitBox, gridStep, readCorners, readPoint, writeCorners, writeDegrees } from "./site-places.js";

const EMPTY_LAND = { type: "FeatureCollection", features: [{
  type: "Feature", properties: { name: "-" },
  geometry: { type: "Polygon", coordinates: [[[-180, -85], [180, -85], [180, 85], [-180, 85], [-180, -85]]] },
}] };
const { Circle, Group, Line, Polygon, Rect, Text } = echarts.graphic;
const FONT = { fontSize: 12, fontFamily: getComputedStyle(document.body).fontFamily };
const NEARER = 0.6;

const form = document.getElementById("site-form");
const words = JSON.parse(form.dataset.words);
const others = JSON.parse(form.dataset.sites);
const field = (name) => document.getElementById(`f-${name}`);
const element = document.getElementById("map");
const said = document.getElementById("map-said");
const tools = document.getElementById("tools");
const shapes = new Group();
const state = { point: null, rings: [], tool: "point", selected: null, box: null, land: null };
let chart = null;

const pixel = (place) => chart.convertToPixel("geo", place);
const place = (x, y) => chart.convertFromPixel("geo", [x, y]);
const isAway = () => field("datum").value === "GCJ-02";

function readFields() {
  state.point = readPoint(field("latitude").value, field("longitude").value);
  state.rings = readCorners(field("outline").value);
  state.selected = null;
}

function writePoint() {
  field("latitude").value = writeDegrees(state.point[1]);
  field("longitude").value = writeDegrees(state.point[0]);
}

function writeOutline() {
  field("outline").value = writeCorners(state.rings);
}

/** Corners of what is shown: [west, south, east, north]. */
function shown() {
  const [west, north] = place(0, 0);
  const [east, south] = place(element.clientWidth, element.clientHeight);
  return [west, south, east, north];
}

function draw(box) {
  if (!element.clientWidth) return;
  chart ??= openChart();
  const [west, south, east, north] = (state.box = box);
  const c = colours();
  chart.setOption({
    animation: false,
    geo: {
      map: "outline", roam: true, silent: true, scaleLimit: { min: 0.02, max: 200 },
      boundingCoords: [[west, north], [east, south]], aspectScale: Math.cos(((south + north) * Math.PI) / 360),
      left: 0, right: 0, top: 0, bottom: 0, emphasis: { disabled: true }, label: { show: false },
      itemStyle: { areaColor: state.land ? c.card : "transparent", borderColor: state.land ? c["ink-3"] : "transparent" },
    },
  }, { notMerge: true });
  drawShapes();
}

function drawShapes() {
  const c = colours();
  shapes.removeAll();
  drawGrid(c);
  for (const other of others) drawOther(other, c);
  const lines = (state.rings ?? []).map((ring) => addOutline(ring, c));
  (state.rings ?? []).forEach((ring, r) => {
    if (ring.length > 1) ring.forEach((_corner, i) => addMiddle(ring, r, i, lines, c));
    ring.forEach((_corner, i) => addCorner(ring, r, i, lines, c));
  });
  if (state.point) addPoint(c);
  say();
}

function drawGrid(c) {
  const [west, south, east, north] = shown();
  const step = gridStep(east - west, element.clientWidth);
  const digits = Math.max(0, Math.ceil(-Math.log10(step)));
  const line = { stroke: c.line, lineWidth: 1 };
  const word = { fill: c["ink-2"], ...FONT, fontSize: 11 };
  for (let lon = Math.ceil(west / step) * step; lon < east; lon += step) {
    const [x] = pixel([lon, north]);
    shapes.add(new Line({ silent: true, z: 1, shape: { x1: x, y1: 0, x2: x, y2: element.clientHeight }, style: line }));
    shapes.add(new Text({ silent: true, z: 1, x: x + 3, y: element.clientHeight - 15, style: { ...word, text: `${lon.toFixed(digits)}°` } }));
  }
  for (let lat = Math.ceil(south / step) * step; lat < north; lat += step) {
    const [, y] = pixel([west, lat]);
    shapes.add(new Line({ silent: true, z: 1, shape: { x1: 0, y1: y, x2: element.clientWidth, y2: y }, style: line }));
    shapes.add(new Text({ silent: true, z: 1, x: 4, y: y - 14, style: { ...word, text: `${lat.toFixed(digits)}°` } }));
  }
}

function drawOther([name, lon, lat], c) {
  const [x, y] = pixel([lon, lat]);
  if (x < 0 || y < 0 || x > element.clientWidth || y > element.clientHeight) return;
  shapes.add(new Circle({ silent: true, z: 2, shape: { cx: x, cy: y, r: 4 }, style: { fill: c["ink-3"], stroke: c.card } }));
  shapes.add(new Text({ silent: true, z: 2, x: x + 8, y: y - 7, style: { ...FONT, fill: c["ink-2"], text: name } }));
}

function addOutline(ring, c) {
  const shape = { points: ring.map(pixel) };
  const style = { fill: c.accent, fillOpacity: 0.14, stroke: c.accent, lineWidth: 2 };
  const line = new Polygon({ silent: true, z: 3, shape, style });
  shapes.add(line);
  return line;
}

function addHandle(handle, moved, taken) {
  handle.attr({ draggable: true, cursor: "move" });
  handle.handle = true;
  if (taken) handle.on("dragstart", taken);
  handle.on("drag", () => moved(place(handle.x, handle.y)));
  handle.on("dragend", drawShapes);
  shapes.add(handle);
  return handle;
}

function addCorner(ring, r, i, lines, c) {
  const [x, y] = pixel(ring[i]);
  const isSelected = state.selected?.[0] === r && state.selected[1] === i;
  const style = { fill: isSelected ? c.accent : c.card, stroke: c.accent, lineWidth: 2 };
  const handle = addHandle(new Rect({ x, y, z: 6, shape: { x: -6, y: -6, width: 12, height: 12 }, style }), (to) => {
    ring[i] = to;
    lines[r].setShape({ points: ring.map(pixel) });
    writeOutline();
  }, () => { state.selected = [r, i]; });
  handle.on("click", () => { state.selected = [r, i]; drawShapes(); });
}

/** Between two corners: dragged, it becomes a corner. */
function addMiddle(ring, r, i, lines, c) {
  const [a, b] = [pixel(ring[i]), pixel(ring[(i + 1) % ring.length])];
  if (Math.hypot(a[0] - b[0], a[1] - b[1]) < 44) return;
  const at = { x: (a[0] + b[0]) / 2, y: (a[1] + b[1]) / 2 };
  const style = { fill: c.card, stroke: c.accent, lineWidth: 1.5, opacity: 0.8 };
  addHandle(new Circle({ ...at, z: 5, shape: { r: 5 }, style }), (to) => {
    ring[i + 1] = to;
    lines[r].setShape({ points: ring.map(pixel) });
    writeOutline();
  }, () => { ring.splice(i + 1, 0, place(at.x, at.y)); state.selected = [r, i + 1]; });
}

function addPoint(c) {
  const [x, y] = pixel(state.point);
  const handle = addHandle(new Circle({
    x, y, z: 7, shape: { r: 9 }, style: { fill: c.accent, stroke: c.card, lineWidth: 3 },
  }), (to) => { state.point = to; writePoint(); });
  handle.on("click", (event) => { event.cancelBubble = true; });
}

function say() {
  const corners = (state.rings ?? []).reduce((sum, ring) => sum + ring.length, 0);
  const [west, south, east, north] = shown();
  const km = broad(west, east, (south + north) / 2);
  const parts = [words.wide.replace("%(km)s", km < 10 ? km.toFixed(1) : Math.round(km))];
  if (corners) parts.push(words.corners.replace("%(count)s", corners));
  said.textContent = isAway() ? words.datum : state.rings ? parts.join(" · ") : words.unread;
  element.classList.toggle("away", isAway());
  for (const button of tools.querySelectorAll("button")) button.disabled = isAway();
}

function tap({ offsetX, offsetY, target }) {
  if (target?.handle) return;
  const at = place(offsetX, offsetY);
  if (state.tool === "point") {
    state.point = at;
    writePoint();
  } else if (state.rings) {
    if (!state.rings.length) state.rings.push([]);
    const ring = state.rings.at(-1);
    ring.push(at);
    state.selected = [state.rings.length - 1, ring.length - 1];
    writeOutline();
  }
  drawShapes();
}

function removeCorner() {
  const [r, i] = state.selected ?? [state.rings.length - 1, -1];
  state.rings[r]?.splice(i, 1);
  state.rings = state.rings.filter((ring) => ring.length);
  state.selected = null;
  writeOutline();
  drawShapes();
}

const wholeSite = () => fitBox([state.point, ...(state.rings ?? []).flat()].filter(Boolean), others, state.land, element);

function zoom(factor) {
  const [west, south, east, north] = shown();
  const [x, y] = [(west + east) / 2, (south + north) / 2];
  const [w, h] = [((east - west) * factor) / 2, ((north - south) * factor) / 2];
  if (w * factor < 60) draw([x - w, y - h, x + w, y + h]);
}

const ACTS = {
  remove: () => { if (state.rings) removeCorner(); },
  clear: () => { state.rings = []; state.selected = null; writeOutline(); drawShapes(); },
  in: () => zoom(NEARER),
  out: () => zoom(1 / NEARER),
  fit: () => draw(wholeSite()),
};

function press({ target }) {
  const button = target.closest("button");
  if (!button) return;
  if (button.dataset.act) { ACTS[button.dataset.act](); return; }
  state.tool = button.dataset.tool;
  for (const one of tools.querySelectorAll("[data-tool]")) one.setAttribute("aria-pressed", String(one === button));
}

function openChart() {
  const opened = makeChart(element);
  opened.getZr().add(shapes);
  opened.getZr().on("click", tap);
  opened.on("georoam", drawShapes);
  return opened;
}

function typed() {
  readFields();
  const [west, south, east, north] = shown();
  const far = state.point && !(state.point[0] > west && state.point[0] < east && state.point[1] > south && state.point[1] < north);
  if (far) draw(wholeSite());
  else drawShapes();
}

async function start() {
  const response = await fetch("/api/v1/outline").catch(() => null);
  const land = response?.status === 200 ? await response.json() : null;
  state.land = land && registerLand(land);
  if (!land) registerLand(EMPTY_LAND);
  readFields();
  tools.hidden = false;
  draw(wholeSite());
  tools.addEventListener("click", press);
  for (const name of ["latitude", "longitude", "outline", "datum"]) field(name).addEventListener("input", typed);
  new ResizeObserver(() => { chart?.resize(); draw(wholeSite()); }).observe(element);
  document.addEventListener("themechange", () => draw(shown()));
}

start();
