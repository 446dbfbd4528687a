// Keeps the pages of warnings live: follows events, reads the page again, and puts in place what changed.

import { follow } from "/static/js/live.js";
import { clockTime, sayAge } from "/static/js/times.js";
import { putPart } from "/static/console/parts.js";

const BEAT_MS = 1000;
const AGAIN_MS = 60000;
const TOPICS = ["warning", "exposure", "source", "message", "alarm", "device", "task", "complaint", "follow-up", "presence", "clone", "clock", "gap", "twin", "dead_letter", "staff"];

const main = document.getElementById("main");
const words = JSON.parse(main.dataset.words);
const pulse = document.getElementById("pulse");
const notice = document.getElementById("cut");
let skew = Number(main.dataset.now) - Date.now();
let heard = Number(main.dataset.now);
let cut = false;
let due = false;
let reading = false;

const gatewayNow = () => Date.now() + skew;
const lastHeard = () => clockTime(heard, Intl.DateTimeFormat().resolvedOptions().timeZone);

async function readPage() {
  const response = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
  if (response.redirected) { location.assign("/sign-in"); return; }
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  heard = Number(fresh.getElementById("main").dataset.now);
  skew = heard - Date.now();
  main.dataset.now = heard;
  for (const source of fresh.querySelectorAll("[data-part]")) {
    if (source.dataset.part === "model") takeModel(source);
    else putPart(source, () => {});
  }
  showTimes();
  document.dispatchEvent(new Event("pageread"));
}

function takeModel(source) {
  const target = document.querySelector('[data-part="model"]');
  if (!target || target.dataset.model === source.dataset.model) return;
  target.dataset.model = source.dataset.model;
  document.dispatchEvent(new Event("modelchange"));
}

function showTimes() {
  pulse.className = `pill ${cut ? "bad" : "ok"}`;
  pulse.querySelector("[data-text]").textContent = cut ? words.cut.replace("%(time)s", lastHeard()) : words.live;
  notice.hidden = !cut;
  if (cut) { notice.textContent = words.stale.replace("%(time)s", lastHeard()); return; }
  for (const el of main.querySelectorAll("[data-age-from]")) {
    el.textContent = sayAge(gatewayNow() - Number(el.dataset.ageFrom), words);
  }
  for (const el of main.querySelectorAll("[data-ago-from]")) {
    el.textContent = words.ago.replace("%(age)s", sayAge(gatewayNow() - Number(el.dataset.agoFrom), words));
  }
}

function setCut(now) {
  cut = now;
  main.classList.toggle("cut", cut);
  document.dispatchEvent(new CustomEvent("cutchange", { detail: cut }));
  showTimes();
}

async function beat() {
  if (!due || cut || reading || document.hidden) return;
  due = false;
  reading = true;
  try {
    await readPage();
  } catch (problem) {
    due = true;
    console.warn(problem.message);
  } finally {
    reading = false;
  }
}

const events = { tick: (_body, at) => { heard = Math.max(heard, at); } };
for (const topic of TOPICS) events[topic] = (_body, at) => { heard = Math.max(heard, at); due = true; };

// a page that knows of more that changes it asks for being read again
document.addEventListener("readagain", () => { due = true; });

// readings come often: who shows when a device was last heard notes it without reading the page again
events.reading = (body, at) => {
  heard = Math.max(heard, at);
  main.dataset.reading = at; // for who comes too late to hear of it
  document.dispatchEvent(new CustomEvent("reading", { detail: { body, at } }));
};

follow("/api/v1/events", Number(main.dataset.event), {
  events,
  live: () => {
    due ||= cut; // as the page was opened it is new, and the stream begins where it was read
    setCut(false);
  },
  cut: () => { setCut(true); readPage().catch(() => {}); },
  stale: () => { due = true; },
});
setInterval(beat, BEAT_MS);
setInterval(() => { due = true; }, AGAIN_MS);
setInterval(showTimes, 1000);
showTimes();
