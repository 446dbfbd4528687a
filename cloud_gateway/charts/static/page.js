// The page of charts: reads the chosen streams at the width of the screen, draws them, and moves in time.

import { colours, makeChart, say } from "/static/console/charts.js";
import { sayAge, wallTime } from "/static/js/times.js";
import { numberOption, stateOption } from "./plot.js";

const HOUR = 3600000;
const LEAST_MS = 60000;
const AGAIN_MS = 60000;
const REST_MS = 250; // after the last turn of the wheel

const main = document.getElementById("main");
const card = document.getElementById("charts");
const words = { ...JSON.parse(main.dataset.words), ...JSON.parse(card.dataset.words) };
const streams = JSON.parse(card.dataset.streams);
const zone = card.dataset.zone;
const english = document.documentElement.lang.startsWith("en");

let span = { start: Number(card.dataset.start), end: Number(card.dataset.end) };
let hours = Number(card.dataset.hours); // 0: the time stands still
let shown = null; // the last answer, and the span it is of
let cut = false;
let asked = 0; // the number of the newest request: an older answer is thrown away
let waiting = 0;

const named = (one, otherwise) => (english ? one.label || one.label_zh : one.label_zh || one.label) || otherwise;

const plots = streams.map((stream) => {
  const figure = card.querySelector(`[data-plot="${CSS.escape(stream.name)}"]`);
  const element = figure.querySelector(".plot");
  element.setAttribute("aria-label", words.chart.replace("%(stream)s", stream.label));
  const chart = makeChart(element);
  chart.on("datazoom", () => zoomed(chart));
  return { stream, figure, element, chart, latest: figure.querySelector("[data-latest]") };
});

function parameters() {
  const query = new URLSearchParams(streams.map((stream) => ["s", stream.name]));
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
  shown = { answer, span };
  draw();
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
  plots.forEach((plot, i) => drawOne(plot, shown.answer.lines[i], c));
  card.querySelector("[data-span]").textContent = `${wallTime(shown.span.start, zone)} – ${wallTime(shown.span.end, zone)}`;
  const about = card.querySelector("[data-about]");
  const said = [words.width.replace("%(age)s", sayAge(shown.answer.width_ms, words))];
  if (shown.answer.alarms.length) said.push(words.alarms.replace("%(count)s", shown.answer.alarms.length));
  about.textContent = said.join(" · ");
  about.hidden = false;
}

function drawOne({ stream, figure, element, chart, latest }, line, c) {
  figure.classList.toggle("state", line.kind === "state");
  const own = (one) => one.device === line.device && one.stream === line.stream;
  const { answer } = shown;
  const limits = answer.limits.filter((r) => own(r) && r.type === "threshold").map((r) => ({ ...r, label: named(r, r.name) }));
  const alarms = answer.alarms.filter(own).map((a) => ({ ...a, at: Date.parse(a.raised_at), label: named(a, a.rule) }));
  const state = { c, words, zone, cut, limits, alarms, width: element.clientWidth, clock: Number(main.dataset.now) };
  const full = { ...line, width: answer.width_ms };
  const make = line.kind === "state" ? stateOption : numberOption;
  latest.textContent = lastOf(stream, line);
  if (element.clientWidth) chart.setOption(make(stream, full, shown.span, state), { notMerge: true });
}

function lastOf(stream, line) {
  if (line.kind === "number") return line.buckets.length ? say(line.buckets.at(-1)[2], stream.unit) : words.none;
  if (!line.states.length) return words.none;
  const value = line.states.at(-1)[1];
  return typeof value === "boolean" ? (value ? words.active : words.rest) : String(value);
}

// ---- moving in time

/** Shows another time, and keeps its address so that it can be sent to somebody. */
function show(start, end) {
  const middle = (start + end) / 2;
  const half = Math.max(end - start, LEAST_MS) / 2;
  span = { start: Math.round(middle - half), end: Math.round(middle + half) };
  hours = 0;
  for (const link of card.querySelectorAll("[aria-current]")) link.removeAttribute("aria-current");
  history.replaceState(null, "", `/charts?${parameters()}`);
  tryToRead();
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

for (const button of card.querySelectorAll("[data-move]")) {
  button.addEventListener("click", () => show(...MOVES[button.dataset.move](span)));
}

if (plots.length) {
  const resizes = new ResizeObserver(() => { for (const { chart } of plots) chart.resize(); draw(); });
  for (const { element } of plots) resizes.observe(element);
  document.addEventListener("themechange", draw);
  document.addEventListener("cutchange", ({ detail }) => { cut = detail; draw(); if (!cut) tryToRead(); });
  setInterval(() => { if (hours && !cut && !document.hidden) tryToRead(); }, AGAIN_MS);
  tryToRead();
}
