// The page of charts: reads the chosen streams at the width of the screen, draws them, and moves in time.

import { colours, makeChart, say } from "/static/console/charts.js";
import { sayAge, wallTime, zoneMark } from "/static/js/times.js";
import { listAlarms } from "./alarms.js";
import { numberOption, stateOption } from "./plot.js";

const HOUR = 3600000;
const LEAST_MS = 60000;
const AGAIN_MS = 60000;
const REST_MS = 250; // after the last turn of the wheel
const TYPED = "input, textarea, select";

const main = document.getElementById("main");
const card = document.getElementById("charts");
const words = { ...JSON.parse(main.dataset.words), ...JSON.parse(card.dataset.words) };
const names = JSON.parse(card.dataset.names);
const zone = card.dataset.zone;
const english = document.documentElement.lang.startsWith("en");

let span = { start: Number(card.dataset.start), end: Number(card.dataset.end) };
let hours = Number(card.dataset.hours); // 0: the time stands still
let shown = null; // the last answer, and the span it is of
let cut = false;
let asked = 0; // the number of the newest request: an older answer is thrown away
let waiting = 0;

const named = (one, otherwise) => (english ? one.label || one.label_zh : one.label_zh || one.label) || otherwise;

const plots = JSON.parse(card.dataset.streams).map((stream) => {
  const figure = card.querySelector(`[data-plot="${CSS.escape(stream.name)}"]`);
  const element = figure.querySelector(".plot");
  element.setAttribute("aria-label", words.chart.replace("%(stream)s", () => stream.label));
  const chart = makeChart(element);
  chart.on("datazoom", () => zoomed(chart));
  return { stream, figure, element, chart, latest: figure.querySelector("[data-latest]"), empty: figure.querySelector("[data-empty]") };
});

function parameters() {
  const query = new URLSearchParams(names.map((name) => ["s", name]));
  query.set("from", new Date(span.start).toISOString());
  query.set("to", new Date(span.end).toISOString());
  return query;
}

async function read() {
  const number = (asked += 1);
  const now = Number(main.dataset.now);
  if (hours) span = { start: now - hours * HOUR, end: now };
  const query = parameters();
  card.querySelector("[data-export]").href = `/api/v1/readings.csv?${query}`;
  query.set("points", Math.min(4000, Math.max(100, Math.round(plots[0].element.clientWidth || 800))));
  const response = await fetch(`/api/v1/charts?${query}`);
  if (!response.ok) throw new Error(`charts: ${response.status}`);
  const answer = await response.json();
  if (number !== asked) return;
  shown = { answer: { ...answer, alarms: numbered(answer.alarms) }, span, hours };
  draw();
}

/** The alarms in the order of their beginning, each with the number that stands on its mark and in the list. */
function numbered(alarms) {
  return alarms
    .map((one) => ({ ...one, at: Date.parse(one.raised_at), from: Date.parse(one.since), until: one.cleared_at && Date.parse(one.cleared_at), label: named(one, one.rule) }))
    .sort((a, b) => a.at - b.at)
    .map((one, i) => ({ ...one, number: i + 1 }));
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

function draw() {
  if (!shown) return;
  const c = colours();
  const lines = new Map(shown.answer.lines.map((line) => [`${line.device}/${line.stream}`, line]));
  for (const plot of plots) drawOne(plot, lines, c);
  const { start, end } = shown.span;
  card.querySelector("[data-span]").textContent = `${wallTime(start, zone)} – ${wallTime(end, zone)} ${zoneMark(end, zone)}`;
  sayAbout(shown.answer);
  listAlarms(card.querySelector("[data-alarms]"), shown.answer.alarms, zone, words);
  fillTimes(start, end);
  card.dataset.hours = shown.hours;
}

function sayAbout(answer) {
  const about = card.querySelector("[data-about]");
  const said = [words.width.replace("%(age)s", sayAge(answer.width_ms, words))];
  if (answer.limits.length) said.push(words.limits);
  about.textContent = said.join(" · ");
  about.hidden = false;
}

/** The fields say what is shown, until somebody writes another time into them. */
function fillTimes(start, end) {
  for (const [name, at] of [["since", start], ["until", end]]) {
    const field = card.querySelector(`[data-times] [name=${name}]`);
    const written = field.value !== (field.dataset.filled ?? field.defaultValue); // maybe before this module was loaded
    if (written || field === document.activeElement) continue;
    field.value = wallTime(at, zone).replace(" ", "T");
    field.dataset.filled = field.value;
  }
}

function drawOne({ stream, figure, element, chart, latest, empty }, lines, c) {
  const line = lines.get(stream.name);
  figure.classList.toggle("state", line.kind === "state");
  const { answer } = shown;
  const own = (one) => one.device === line.device && one.stream === line.stream;
  const limits = answer.limits.filter(own).map((r) => ({ ...r, label: named(r, r.name) }));
  const predicted = lines.get(stream.predicted)?.buckets ?? null;
  const state = { c, words, zone, cut, limits, alarms: answer.alarms.filter(own), predicted, predicts: plots.some((one) => one.stream.predicted), width: element.clientWidth, clock: Number(main.dataset.now) };
  const full = { ...line, width: answer.width_ms };
  const make = line.kind === "state" ? stateOption : numberOption;
  latest.textContent = lastOf(stream, line);
  if (empty) empty.hidden = line.buckets.length + line.states.length > 0;
  if (element.clientWidth) chart.setOption(make(stream, full, shown.span, state), { notMerge: true });
}

function lastOf(stream, line) {
  const last = line.kind === "number" ? line.buckets.findLast((bucket) => bucket !== null) : line.states.at(-1);
  if (!last) return words.none;
  if (!line.whole) return words.part.replace("%(count)s", line.states.length).replace("%(time)s", wallTime(last[0], zone).slice(5));
  const value = line.kind === "number" ? say(last[2], stream.unit) : typeof last[1] === "boolean" ? (last[1] ? words.active : words.rest) : String(last[1]);
  return words.last.replace("%(value)s", () => value).replace("%(time)s", wallTime(last[0], zone).slice(5));
}

// ---- moving in time

/** Shows another time, and keeps its address so that it can be sent to somebody. */
function show(start, end) {
  const middle = (start + end) / 2;
  const half = Math.max(end - start, LEAST_MS) / 2;
  span = { start: Math.round(middle - half), end: Math.round(middle + half) };
  hours = 0;
  turn(`/charts?${parameters()}`);
}

/** Shows the newest hours, at the address that a link to them has. */
function showNewest(link) {
  hours = Number(new URLSearchParams(link.search).get("hours"));
  turn(link.href);
  link.setAttribute("aria-current", "true");
}

function turn(address) {
  for (const link of card.querySelectorAll("[aria-current]")) link.removeAttribute("aria-current");
  history.replaceState(null, "", address);
  keepTime();
  tryToRead();
}

/** What leads from here to other streams keeps the time that is shown. */
function keepTime() {
  const time = hours ? [["hours", hours]] : [...parameters()].filter(([name]) => name !== "s");
  for (const link of card.querySelectorAll("a[data-keeps-time]")) {
    const query = new URLSearchParams([...new URLSearchParams(link.search)].filter(([name]) => name === "s"));
    for (const [name, value] of time) query.set(name, value);
    link.href = `/charts?${query}`;
  }
  document.getElementById("kept-time")?.replaceChildren(...time.map(([name, value]) => {
    const input = document.createElement("input");
    return Object.assign(input, { type: "hidden", name, value });
  }));
}

function zoomed(chart) {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const { startValue, endValue } = chart.getOption().dataZoom[0];
    if (startValue !== span.start || endValue !== span.end) show(startValue, endValue);
  }, REST_MS);
}

const MOVES = {
  earlier: ({ start, end }) => [start - (end - start) / 2, end - (end - start) / 2],
  later: ({ start, end }) => [start + (end - start) / 2, end + (end - start) / 2],
  closer: ({ start, end }) => [start + (end - start) / 4, end - (end - start) / 4],
  wider: ({ start, end }) => [start - (end - start) / 2, end + (end - start) / 2],
};
const KEYS = { ArrowLeft: "earlier", ArrowRight: "later", "+": "closer", "=": "closer", "-": "wider" };

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches(TYPED)) return;
  if (event.key === "/") document.getElementById("add").focus();
  else if (event.key === "?") document.querySelector(".keys")?.focus();
  else if (plots.length && KEYS[event.key]) show(...MOVES[KEYS[event.key]](span));
  else return;
  event.preventDefault();
}

for (const button of card.querySelectorAll("[data-move]")) {
  button.addEventListener("click", () => show(...MOVES[button.dataset.move](span)));
}
for (const link of card.querySelectorAll("a[data-hours]")) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // in a tab or a window of its own
    event.preventDefault();
    showNewest(link);
  });
}
for (const button of card.querySelectorAll("[data-newest]")) {
  button.addEventListener("click", () => {
    const newest = Number(button.dataset.newest);
    show(newest - (span.end - span.start) * 0.95, newest + (span.end - span.start) * 0.05);
  });
}
document.addEventListener("keydown", pressed);

if (plots.length) {
  const resizes = new ResizeObserver(() => { for (const { chart } of plots) chart.resize(); draw(); });
  for (const { element } of plots) resizes.observe(element);
  document.addEventListener("themechange", draw);
  document.addEventListener("cutchange", ({ detail }) => {
    if (detail === cut) return; // the first word that the page is live: the values are being read already
    cut = detail;
    draw();
    if (!cut) tryToRead();
  });
  setInterval(() => { if (hours && !cut && !document.hidden) tryToRead(); }, AGAIN_MS);
  tryToRead();
}
