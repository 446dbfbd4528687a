// Keeps the live page live: follows events, reads what changed, and draws at most four times a second.

import { follow } from "/static/js/live.js";
import { clockTime, sayAge, wallTime, zoneMark } from "/static/js/times.js";
import { colours, companionOf, interval, mainOption, makeChart, mapOption, registerLand, say, smallOption } from "./charts.js";
import { mergeBands, toBands } from "./bands.js";
import { putPart } from "./parts.js";
import { Series, hasHole } from "./series.js";

const HOUR = 3600000;
const WHOLE_MS = 30000;
const HOLED_MS = 3000;
const DRAW_MS = 250;
const READ_MS = 1000;
const STATE_MS = 1000;
const AGAIN_MS = 5000;
const STORY_MS = 86400000; // a device whose time is further ahead does not live in the story
const BUCKETS = 720;
const EMPTY_LAND = { type: "FeatureCollection", features: [{
  type: "Feature", properties: { name: "-" },
  geometry: { type: "Polygon", coordinates: [[[-180, -85], [180, -85], [180, 85], [-180, 85], [-180, -85]]] },
}] };

const main = document.getElementById("main");
const words = JSON.parse(main.dataset.words);

let model = readModel(document);
let skew = model.now - Date.now();
let contact = model.now; // when the gateway was last heard, by its own clock
let hours = 72;
let cut = false;
let land = null; // the outline's bounding box
let palette = colours();
const series = new Series();
const alarms = new Map();
const bands = new Map(); // official warnings, by site
const plots = [];
const due = { draw: 0, state: 0, read: new Set(), map: true };

function readModel(root) {
  const read = JSON.parse(root.querySelector('[data-part="model"]').dataset.model);
  for (const site of read.sites) site.plots ??= []; // only those that are charted have any
  return read;
}

const gatewayNow = () => Date.now() + skew;
const clockNow = () => (model.simulated ? model.clock : gatewayNow());

/** One interval of the charts, ms. */
const width = () => Math.ceil((hours * HOUR) / BUCKETS / 60000) * 60000;

/** The time that charts are read for. */
function span() {
  const clock = clockNow();
  const start = Math.floor((clock - hours * HOUR) / width()) * width();
  return { start, end: clock + hours * HOUR * 0.02, width: width() };
}

/** The same without the empty time before the first value of all, and with all values that have come. */
function shownSpan() {
  const whole = span();
  const ends = plots.map((p) => series.get(p.id)).filter((points) => points.length);
  if (!ends.length) return whole;
  const last = Math.max(clockNow(), ...ends.map((points) => Math.min(points.at(-1)[0], whole.end)));
  const first = Math.min(...ends.map((points) => points[0][0]));
  const start = Math.min(Math.max(whole.start, first), last - HOUR);
  return { ...whole, start, end: last + (last - start) * 0.02 };
}

// ---- what is shown of the connection and the time

const pulse = document.getElementById("pulse");
const cutNotice = document.getElementById("cut");

function showPulse() {
  const text = pulse.querySelector("[data-text]");
  pulse.dataset.heardAt = model.heard_at ?? "";
  pulse.className = `pill ${cut ? "bad" : model.heard_at === null ? "off" : "ok"}`;
  if (cut) text.textContent = words.cut.replace("%(time)s", lastHeard());
  else if (model.heard_at === null) text.textContent = words.quiet;
  else text.textContent = words.live.replace("%(age)s", sayAge(gatewayNow() - model.heard_at, words));
}

function showCut() {
  cutNotice.hidden = !cut;
  if (cut) cutNotice.textContent = words.stale.replace("%(time)s", lastHeard());
}

const lastHeard = () => clockTime(contact, Intl.DateTimeFormat().resolvedOptions().timeZone);

function showTimes() {
  showPulse();
  showCut();
  const clock = clockNow();
  const unknown = main.dataset.scenario && !model.simulated;
  main.querySelector("[data-clock]").textContent = unknown ? "" : `${wallTime(clock, model.zone)} ${zoneMark(clock, model.zone)}`;
  main.querySelector("[data-pace]").textContent = model.pace > 1.5
    ? ` · ${words.pace.replace("%(count)s", Number(model.pace.toPrecision(2)))}` : "";
  if (cut) return;
  for (const el of main.querySelectorAll("[data-age-from]")) {
    const now = el.dataset.clockOf === "scenario" ? clock : gatewayNow();
    el.textContent = sayAge(now - Number(el.dataset.ageFrom), words);
  }
  for (const el of main.querySelectorAll("[data-ago-from]")) {
    el.textContent = words.ago.replace("%(age)s", sayAge(gatewayNow() - Number(el.dataset.agoFrom), words));
  }
}

// ---- the parts that the gateway renders

async function readState() {
  const response = await fetch("/overview/state", { headers: { Accept: "text/html" } });
  if (response.redirected || response.status === 401) { location.assign("/sign-in"); return; }
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const next = readModel(fresh);
  next.clock = Math.max(next.clock, model.simulated ? model.clock : 0);
  model = next;
  skew = model.now - Date.now();
  contact = Math.max(contact, model.now);
  for (const source of fresh.querySelectorAll("[data-part]")) putPart(source, putCharts);
  due.map = true;
  want("draw");
  showTimes();
}

const shape = (root) => [...root.querySelectorAll("[data-site], [data-plot]")]
  .map((el) => el.dataset.site ?? `${el.dataset.plot} ${el.parentElement.className}`).sort().join();

function putCharts(target, source) {
  if (shape(target) === shape(source)) { source.querySelectorAll("[data-latest]").forEach(putLatest); return; }
  for (const plot of plots.splice(0)) plot.chart.dispose();
  target.innerHTML = source.innerHTML;
  setUpCharts();
}

/** A newest value as the gateway has it, unless a newer one has come by itself. */
function putLatest(fresh) {
  const shown = main.querySelector(`[data-latest="${CSS.escape(fresh.dataset.latest)}"]`);
  if (!shown || Number(fresh.dataset.at) <= Number(shown.dataset.at)) return;
  shown.dataset.at = fresh.dataset.at;
  shown.textContent = fresh.textContent;
}

// ---- charts

function setUpCharts() {
  for (const element of main.querySelectorAll(".plot[data-plot]")) {
    const code = element.closest("[data-site]").dataset.site;
    const plot = { element, code, id: element.dataset.plot, main: element.parentElement.classList.contains("main"), chart: makeChart(element), read: false };
    plots.push(plot);
    drawPlot(plot);
    resizes.observe(element);
    due.read.add(code);
  }
  for (const details of main.querySelectorAll("details[data-table]")) {
    details.addEventListener("toggle", () => details.open && fillTable(details));
  }
}

async function readSite(code, from) {
  const { start, end, width: size } = span();
  const first = Math.max(start, Math.floor((from ?? start) / size) * size);
  const query = new URLSearchParams({ start: first, end: Math.ceil(end), width_ms: size });
  const response = await fetch(`/api/v1/sites/${encodeURIComponent(code)}/series?${query}`);
  if (!response.ok) throw new Error(`series of ${code}: ${response.status}`);
  const answer = await response.json();
  for (const { device, stream, points } of answer.lines) series.merge(`${device}/${stream}`, points);
  const warned = toBands(answer.warnings, main.dataset.lang === "en", words);
  bands.set(code, from === undefined ? warned : mergeBands(bands.get(code) ?? [], warned));
  if (from === undefined) alarms.set(code, answer.alarms.map(toMark));
  else alarms.set(code, [...(alarms.get(code) ?? []).filter((a) => !answer.alarms.some((b) => b.device === a.device && b.seq === a.seq)), ...answer.alarms.map(toMark)]);
  for (const plot of plots) if (plot.code === code) plot.dirty = plot.read = true;
  want("draw");
}

function toMark(alarm) {
  const label = main.dataset.lang === "en" ? alarm.label || alarm.rule : alarm.label_zh || alarm.label || alarm.rule;
  return { device: alarm.device, stream: alarm.stream, seq: alarm.seq, at: Date.parse(alarm.raised_at), label };
}

function drawPlot(plot) {
  const site = model.sites.find((s) => s.code === plot.code);
  const stream = site?.plots.find((p) => p.id === plot.id);
  if (!stream || !plot.element.clientWidth) return;
  plot.dirty = false;
  const drawn = [stream, companionOf(site, stream)].some((p) => p && series.get(p.id).length);
  if (!drawn) { showAbsence(plot); return; }
  const state = { c: palette, words, width: plot.element.clientWidth, alarms: alarms.get(plot.code) ?? [], bands: bands.get(plot.code) ?? [], cut, clock: clockNow() };
  const option = (plot.main ? mainOption : smallOption)(site, stream, series, shownSpan(), state);
  plot.chart.hideLoading();
  plot.chart.setOption(option, { notMerge: true, lazyUpdate: true });
}

/** A chart without points says why: they are being read, could not be, or there are none. */
function showAbsence(plot) {
  const text = failed.has(plot.code) ? words.unread : plot.read ? words.none : words.loading;
  plot.chart.clear();
  plot.chart.showLoading({ text, textColor: palette["ink-2"], maskColor: "transparent", showSpinner: false });
}

const mapElement = document.getElementById("map");
let map = null;

function drawMap() {
  due.map = false;
  if (!model.sites.length || !mapElement.clientWidth) { map?.clear(); return; }
  map ??= makeMap(mapElement);
  const state = { c: palette, width: mapElement.clientWidth, height: mapElement.clientHeight, cut };
  map.setOption(mapOption(model, land, state), { notMerge: !map.getOption()?.geo?.length, lazyUpdate: true });
}

function makeMap(element) {
  const made = makeChart(element);
  made.on("click", ({ name }) => { if (name) location.assign(`/sites/${encodeURIComponent(name)}`); });
  return made;
}

function draw() {
  if (document.hidden) { want("draw"); return; }
  if (due.map) drawMap();
  for (const plot of plots) if (plot.dirty) drawPlot(plot);
  for (const details of main.querySelectorAll("details[data-table][open]")) fillTable(details);
}

function redraw() {
  due.map = true;
  for (const plot of plots) plot.dirty = true;
  want("draw");
}

function fillTable(details) {
  const site = model.sites.find((s) => s.code === details.dataset.table);
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const text of [words.time, ...site.plots.map((p) => `${p.label}${p.unit ? ` (${p.unit})` : ""}`)]) {
    head.append(Object.assign(document.createElement("th"), { textContent: text, scope: "col" }));
  }
  const body = table.createTBody();
  for (const at of tableTimes(site)) {
    const row = body.insertRow();
    row.insertCell().textContent = wallTime(at, site.zone);
    for (const plot of site.plots) row.insertCell().textContent = valueBefore(plot, at);
  }
  details.querySelector(".scroll").replaceChildren(table);
}

function tableTimes(site) {
  const times = site.plots.flatMap((p) => series.last(p.id)?.[0] ?? []);
  if (!times.length) return [];
  const newest = Math.max(...times.filter((t) => t <= clockNow() + HOUR));
  const whole = Math.floor(newest / HOUR) * HOUR;
  return [newest, ...Array.from({ length: 24 }, (_, i) => whole - i * HOUR)].filter((at, i, all) => at !== all[i - 1]);
}

function valueBefore(plot, at) {
  const found = series.get(plot.id).findLast((p) => p[0] <= at);
  if (!found) return "–";
  if (plot.kind === "contact") return found[1] === true ? words.active : words.rest;
  return say(found[1], "");
}

// ---- events

function want(what) {
  due[what] = due[what] || 1;
}

function onReading(body, at) {
  contact = Math.max(contact, at);
  model.heard_at = Math.max(model.heard_at ?? 0, at);
  for (const [name, [time, value]] of Object.entries(body.streams)) onValue(`${body.device}/${name}`, time, value);
}

const heardOf = []; // sites with news since they were last read as a whole
const failed = new Set(); // sites whose values could not be read the last time
const behind = new Map(); // site code: the time from which its values must be read again

function onValue(id, at, value) {
  const site = model.sites.find((s) => s.plots.some((p) => p.id === id));
  if (!site) return;
  const plot = site.plots.find((p) => p.id === id);
  if (!plot.predicts && model.simulated && at - model.clock < STORY_MS) model.clock = Math.max(model.clock, at);
  // an old value among new ones: a device sends what it kept, so what is before it may be new too
  const last = series.last(id)?.[0] ?? at;
  const from = at < last - width() ? -Infinity : last;
  behind.set(site.code, Math.min(from, behind.get(site.code) ?? from));
  due.read.add(site.code);
  if (!heardOf.includes(site.code)) heardOf.push(site.code);
  const shown = main.querySelector(`[data-latest="${CSS.escape(id)}"]`);
  if (shown && Number(shown.dataset.at) <= at) {
    shown.dataset.at = at;
    shown.textContent = plot.kind === "contact" ? (value === true ? words.active : words.rest) : say(value, plot.unit);
  }
}

const changes = { tick: (_body, at) => { contact = Math.max(contact, at); } };
for (const topic of ["alarm", "presence", "device", "dead_letter", "gap", "clone", "clock"]) {
  changes[topic] = (body, at) => { model.heard_at = Math.max(model.heard_at ?? 0, at); want("state"); };
}
for (const topic of ["exposure", "message"]) changes[topic] = () => want("state");

function readWhole(codes) {
  for (const code of codes) {
    behind.set(code, -Infinity);
    due.read.add(code);
  }
}

/** Whether a site's charts miss values that may still come: what a device kept while it was cut off. */
function isHoled(code) {
  const site = model.sites.find((s) => s.code === code);
  return site?.plots.some((p) => p.kind === "level" && hasHole(series.get(p.id), interval(p, span())));
}

function setCut(now) {
  if (cut === now) return;
  cut = now;
  main.classList.toggle("cut", cut);
  tellUnread();
  redraw();
  showTimes();
}

// ---- the beat: nothing is drawn or read more often than this

async function readDue() {
  if (cut || document.hidden) return;
  const codes = [...due.read];
  due.read.clear();
  for (const code of codes) {
    const from = behind.get(code);
    behind.delete(code);
    const known = plots.some((p) => p.code === code && series.get(p.id).length);
    try {
      await readSite(code, known ? from : undefined);
      failed.delete(code);
    } catch (problem) {
      console.warn(problem.message);
      due.read.add(code);
      failed.add(code);
      for (const plot of plots) if (plot.code === code) plot.dirty = true;
      want("draw");
    }
  }
  tellUnread();
}

/** That readings do not come is said of their store only while the gateway itself is there. */
function tellUnread() {
  document.getElementById("unread").hidden = cut || failed.size === 0;
}

async function beat(work, pause) {
  for (;;) {
    await new Promise((done) => setTimeout(done, pause));
    try {
      await work();
    } catch (problem) {
      console.warn(problem.message);
    }
  }
}

const resizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const plot = plots.find((p) => p.element === target);
    (plot?.chart ?? (target === mapElement ? map : null))?.resize();
  }
  redraw();
});

for (const button of document.querySelectorAll("[data-hours]")) {
  button.addEventListener("click", () => {
    hours = Number(button.dataset.hours);
    for (const other of document.querySelectorAll("[data-hours]")) other.setAttribute("aria-pressed", String(other === button));
    for (const site of model.sites) for (const plot of site.plots) series.forget(plot.id);
    for (const plot of plots) {
      plot.read = false;
      due.read.add(plot.code);
    }
    redraw();
    readDue();
  });
}

async function start() {
  const response = await fetch("/api/v1/outline").catch(() => null);
  if (response?.status === 200) land = registerLand(await response.json());
  else registerLand(EMPTY_LAND);
  setUpCharts();
  resizes.observe(mapElement);
  document.addEventListener("themechange", () => { palette = colours(); redraw(); });
  palette = colours();
  // what is wrong and when it was heard come first: the charts may take longer to read
  draw();
  showTimes();
  beat(showTimes, 500);
  beat(() => { if (due.draw) { due.draw = 0; draw(); } }, DRAW_MS);
  follow("/api/v1/events", model.event, {
    events: { ...changes, reading: onReading },
    live: () => { setCut(false); want("state"); },
    cut: () => { setCut(true); readState().catch(() => {}); },
    stale: () => { want("state"); for (const plot of plots) due.read.add(plot.code); },
  });
  await readDue();
  beat(readDue, READ_MS);
  beat(async () => { if (due.state && !cut) { due.state = 0; await readState(); } }, STATE_MS);
  beat(() => { if (!cut && !document.hidden) want("state"); }, AGAIN_MS);
  beat(() => readWhole(heardOf.splice(0)), WHOLE_MS);
  beat(() => readWhole(heardOf.filter(isHoled)), HOLED_MS);
}

start();
