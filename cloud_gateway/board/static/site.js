// The charts of a site's page: its streams, and the official warnings that stood over it, in the same time.

import { toBands } from "/static/console/bands.js";
import { colours, companionOf, mainOption, makeChart, say, smallOption } from "/static/console/charts.js";
import { Series } from "/static/console/series.js";
import { wallTime, zoneMark } from "/static/js/times.js";

const HOUR = 3600000;
const BUCKETS = 720;
const MOST_PLOTS = 12;
const AGAIN_MS = 60000;
const PAUSE_MS = 3000;

const main = document.getElementById("main");
const card = document.getElementById("series");
const holder = card.querySelector("[data-charts]");
const words = JSON.parse(card.dataset.words);
const english = document.documentElement.lang.startsWith("en");
const zone = card.dataset.zone;

let hours = Number(card.querySelector('[data-hours][aria-pressed="true"]').dataset.hours);
let charts = []; // { chart, plot, big }
let shown = null; // what was read last: { site, span, series, bands, alarms }
let cut = false;
let asked = 0; // the number of the newest request: an older answer is thrown away
let readAt = 0;

const named = (one, otherwise) => (english ? one.label || one.label_zh : one.label_zh || one.label) || otherwise;

function kindOf(line) {
  const value = line.points.at(-1)?.[1];
  if (typeof value === "boolean" || typeof value === "string" || (value === undefined && !line.unit)) return "contact";
  return line.unit === "mm" ? "amount" : "level";
}

function toPlot(line) {
  return {
    id: `${line.device}/${line.stream}`, device: line.device, name: line.stream, label: named(line, line.stream),
    unit: line.unit, interval_s: line.interval_s ?? 60, predicts: line.predicts, kind: kindOf(line),
  };
}

/** Streams of one name each with the name of its device. */
function nameApart(plots) {
  const alike = (one) => plots.filter((other) => other.label === one.label).length > 1;
  return plots.map((one) => (alike(one) ? { ...one, label: `${one.label} · ${one.device}` } : one));
}

function take(answer, span) {
  const series = new Series();
  for (const { device, stream, points } of answer.lines) series.merge(`${device}/${stream}`, points);
  const site = {
    zone, plots: nameApart(answer.lines.map(toPlot)),
    limits: answer.limits.map((rule) => ({ ...rule, label: named(rule, rule.name) })),
  };
  const alarms = answer.alarms.map((a) => ({ ...a, at: Date.parse(a.raised_at), label: named(a, a.rule) }));
  shown = { site, span, series, bands: toBands(answer.warnings, english, words), alarms };
}

async function read() {
  const number = (asked += 1);
  readAt = performance.now();
  const end = Number(main.dataset.now);
  const width = Math.ceil((hours * HOUR) / BUCKETS / 60000) * 60000;
  const span = { start: Math.floor((end - hours * HOUR) / width) * width, end, width };
  const query = new URLSearchParams({ start: span.start, end: span.end + 1, width_ms: width });
  const response = await fetch(`/api/v1/sites/${encodeURIComponent(card.dataset.code)}/series?${query}`);
  if (!response.ok) throw new Error(`series: ${response.status}`);
  const answer = await response.json();
  if (number !== asked) return;
  take(answer, span);
  show();
}

async function tryToRead() {
  try {
    await read();
    card.querySelector("[data-unread]").hidden = true;
  } catch (problem) {
    console.warn(problem.message);
    card.querySelector("[data-unread]").hidden = cut; // that the gateway is away is said above already
  }
  card.querySelector("[data-loading]").hidden = true;
}

// ---- what is drawn

/** The streams in the order in which people ask for them: with a prediction, with a rule, levels, amounts, contacts. */
function ranked(site) {
  const rank = (plot) => {
    if (companionOf(site, plot)) return 0;
    if (plot.kind === "contact") return 4;
    if (site.limits.some((rule) => rule.device === plot.device && rule.stream === plot.name)) return plot.kind === "level" ? 1 : 2;
    return plot.kind === "level" ? 2 : 3;
  };
  return site.plots.filter((plot) => !plot.predicts).sort((a, b) => rank(a) - rank(b)).slice(0, MOST_PLOTS);
}

function show() {
  const plots = ranked(shown.site);
  if (plots.map((plot) => plot.id).join() !== charts.map(({ plot }) => plot.id).join()) build(plots);
  charts.forEach((one, i) => { one.plot = plots[i]; });
  card.querySelector("[data-empty]").hidden = plots.length > 0;
  draw();
  listBands();
}

function build(plots) {
  for (const { chart, element } of charts) { resizes.unobserve(element); chart.dispose(); }
  holder.replaceChildren();
  charts = plots.map((plot, i) => {
    const big = i === 0 && plot.kind === "level";
    const figure = document.createElement("figure");
    figure.className = big ? "main" : `small-plot ${plot.kind}`;
    const caption = document.createElement("figcaption");
    caption.append(Object.assign(document.createElement("span"), { textContent: plot.label }), document.createElement("b"));
    const element = Object.assign(document.createElement("div"), { className: "plot" });
    element.setAttribute("role", "img");
    element.setAttribute("aria-label", words.chart.replace("%(stream)s", () => plot.label));
    figure.append(caption, element);
    holder.append(figure);
    resizes.observe(element);
    return { chart: makeChart(element), element, plot, big, latest: caption.lastChild };
  });
}

function draw() {
  if (!shown) return;
  const c = colours();
  for (const { chart, element, plot, big, latest } of charts) {
    const last = shown.series.last(plot.id);
    latest.textContent = last === undefined ? words.none : valueOf(plot, last[1]);
    if (!element.clientWidth) continue;
    const state = { c, words, width: element.clientWidth, alarms: shown.alarms, bands: shown.bands, cut, clock: shown.span.end };
    chart.setOption((big ? mainOption : smallOption)(shown.site, plot, shown.series, shown.span, state), { notMerge: true });
  }
}

function valueOf(plot, value) {
  if (plot.kind === "contact") return value === true ? words.active : words.rest;
  return say(value, plot.unit);
}

/** The bands in words: the same that the chart shows, the newest first. */
function listBands() {
  const list = card.querySelector("[data-bands]");
  list.replaceChildren(...[...shown.bands].reverse().map((band) => {
    const row = document.createElement("li");
    const block = document.createElement("span");
    block.className = `signal ${band.color || `grade-${band.level}`}`;
    block.append(Object.assign(document.createElement("i"), { textContent: band.label }));
    const time = Object.assign(document.createElement("span"), { className: "what small" });
    const until = band.until === null ? words.goes_on : wallTime(band.until, zone);
    time.textContent = `${wallTime(band.since, zone)} – ${until} · ${words.level.replace("%(level)s", band.level)}`;
    row.append(block, time);
    return row;
  }));
  card.querySelector("[data-no-bands]").hidden = shown.bands.length > 0;
}

const resizes = new ResizeObserver(() => {
  for (const { chart } of charts) chart.resize();
  draw();
});

for (const button of card.querySelectorAll("[data-hours]")) {
  button.addEventListener("click", () => {
    hours = Number(button.dataset.hours);
    for (const other of card.querySelectorAll("[data-hours]")) other.setAttribute("aria-pressed", String(other === button));
    tryToRead();
  });
}

/** A reading that comes puts its value and time into the list of streams. */
function putValue(id, at, value) {
  const shown = document.querySelector(`[data-value-of="${CSS.escape(id)}"]`);
  const time = document.querySelector(`[data-time-of="${CSS.escape(id)}"]`);
  if (!shown || at < Number(time.dataset.at)) return;
  shown.textContent = valueOf({ kind: shown.dataset.kind, unit: shown.dataset.unit }, value);
  time.dataset.at = at;
  time.textContent = `${wallTime(at, zone)} ${zoneMark(at, zone)}`;
}

document.addEventListener("reading", ({ detail: { body } }) => {
  for (const [name, [at, value]] of Object.entries(body.streams)) putValue(`${body.device}/${name}`, at, value);
});
if (main.dataset.reading) document.dispatchEvent(new Event("readagain")); // it came while this file was on its way

/** What is known before the season changes rarely: it is read once. */
async function readRecord() {
  const response = await fetch(`/sites/${encodeURIComponent(card.dataset.code)}/record`, { headers: { Accept: "text/html" } });
  if (!response.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-record]");
  if (fresh) document.querySelector("[data-record]").replaceWith(fresh);
}

document.addEventListener("themechange", draw);
document.addEventListener("cutchange", ({ detail }) => {
  if (detail === cut) return; // the first word that the page is live: the values are being read already
  cut = detail;
  draw();
  if (!cut) tryToRead();
});
document.addEventListener("pageread", () => { if (performance.now() - readAt > PAUSE_MS) tryToRead(); });
setInterval(() => { if (!cut && !document.hidden) tryToRead(); }, AGAIN_MS);
tryToRead();
readRecord().catch((problem) => console.warn(problem.message));
