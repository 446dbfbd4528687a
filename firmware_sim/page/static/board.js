// One board: shows what it does as it does it, and does what hands want.

import { listen } from "/static/sim/pulse.js";

const main = document.getElementById("main");
const device = main.dataset.device;
const said = document.getElementById("said");
const outcome = document.getElementById("outcome");
let dragging = null;

async function act(deed) {
  let answer;
  try {
    answer = await fetch(`/api/v1/boards/${device}/deeds`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(deed),
    });
  } catch {
    return null; // the stream says that it is cut off
  }
  const body = await answer.json();
  said.hidden = answer.ok;
  if (!answer.ok) { said.textContent = `${body.title} ${body.detail ?? ""}`; return null; }
  if (body.sight) take(body.sight);
  return body;
}

async function press(score) {
  outcome.textContent = outcome.dataset.wait;
  const body = await act({ type: "press", button: String(score), touch: document.getElementById("touch").value });
  const words = JSON.parse(outcome.dataset.words);
  outcome.textContent = body === null ? "" : body.outcomes.map((one) => words[one] ?? one).join(", ") || outcome.dataset.none;
}

function turn(key, on) {
  for (const state of document.querySelectorAll(`[data-state="${key}"]`)) {
    state.querySelector("[data-on]").hidden = !on;
    state.querySelector("[data-off]").hidden = on;
  }
}

function takeSensor(sensor) {
  const card = document.querySelector(`[data-sensor="${sensor.stream}"]`);
  if (!card) return;
  const value = card.querySelector("[data-value]");
  if (value) value.textContent = sensor.value;
  card.querySelector("[data-held]").hidden = !sensor.held;
  for (const mark of card.querySelectorAll("[data-fault]")) mark.hidden = mark.dataset.fault !== sensor.fault;
  if (sensor.kind === "contact") turn(`contact-${sensor.stream}`, Boolean(sensor.value));
  const range = card.querySelector("[data-hold]");
  if (range && !sensor.held && range !== dragging) showAt(range, sensor.value);
}

function showAt(range, value) {
  range.value = value;
  range.closest("label").querySelector("output").textContent = value;
}

function takeSlips(slips) {
  const paper = document.getElementById("slips");
  if (!paper || !slips.length) return;
  paper.replaceChildren(...slips.toReversed().map((lines) => {
    const slip = document.createElement("pre");
    slip.className = "slip";
    slip.textContent = [paper.dataset.mark, ...lines].join("\n");
    return slip;
  }));
}

function take(sight) {
  if (sight === null) { said.textContent = main.dataset.gone; said.hidden = false; return; }
  if (said.textContent === main.dataset.gone) said.hidden = true;
  for (const [lamp, on] of Object.entries(sight.lamps)) turn(`lamp-${lamp}`, on);
  for (const name of ["power", "linked", "link"]) turn(name, sight[name]);
  for (const key of sight.keys) document.querySelector(`[data-key-lamp="${key.score}"]`).hidden = !key.lit;
  document.querySelector("[data-waiting]").textContent = sight.waiting;
  sight.sensors.forEach(takeSensor);
  turn("present", Boolean(sight.present));
  for (const stock of document.querySelectorAll("[data-stock]")) stock.hidden = stock.dataset.stock !== sight.paper;
  takeSlips(sight.slips);
}

main.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const card = button.closest("[data-sensor]");
  const stream = card?.dataset.sensor;
  const { press: score, set, release, spoil, mend, cable, darken, roll, stand, card: holding } = button.dataset;
  if (score) press(Number(score));
  if (set) act({ type: "hold", stream, value: Number(set) });
  if (release !== undefined) act({ type: "release", stream });
  if (mend !== undefined) act({ type: "mend", stream });
  if (cable) act({ type: "cable", pulled: cable === "true" });
  if (stand) act({ type: "stand", here: stand === "true" });
  if (holding !== undefined) act({ type: "card", line: document.getElementById("card").value.trim() });
  if (roll) act({ type: "roll", stock: roll });
  if (darken) act({ type: "darken", for_s: Number(darken) });
  if (spoil !== undefined) {
    const amount = Number(card.querySelector("[data-amount]")?.value ?? 0);
    act({ type: "spoil", stream, fault: card.querySelector("[data-kind]").value, amount });
  }
});

main.addEventListener("input", (event) => {
  if (event.target.dataset.hold === undefined) return;
  dragging = event.target;
  showAt(dragging, dragging.value);
});

main.addEventListener("change", (event) => {
  if (event.target.dataset.hold === undefined) return;
  const stream = event.target.closest("[data-sensor]").dataset.sensor;
  dragging = null;
  act({ type: "hold", stream, value: Number(event.target.value) });
});

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
  if (/^[1-5]$/.test(event.key) && document.querySelector(`[data-press="${event.key}"]`)) press(Number(event.key));
  if (event.key === "Escape") location.assign("/");
  if (event.key === "j" || event.key === "k") {
    const next = main.dataset[event.key === "j" ? "next" : "last"];
    if (next) location.assign(`/boards/${next}`);
  }
});

listen(`/boards/${device}/events`, "board", take);
