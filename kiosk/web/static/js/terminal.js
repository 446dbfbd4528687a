// The screen of a rating terminal: shows what the counter says, and takes touches.

import { follow } from "/static/js/live.js";

const screen = document.getElementById("screen");
const cut = document.getElementById("cut");
let answers = { reasons: [] };
let wanted = false;
let reading = false;

function send(address, body) {
  return fetch(address, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  }).catch(() => {}); // the stream tells when the terminal is away
}

/**
 * Puts `fresh` in the place of `old` if they differ. Thanks are replaced part by part, and questions only when they
 * come or go: somebody may be answering.
 */
function merge(fresh, old) {
  if (fresh.dataset.part === "more" && fresh.childElementCount && old.childElementCount) return;
  const thanks = fresh.dataset.view === "thanks";
  if (thanks && old.dataset.view === "thanks" && fresh.dataset.window === old.dataset.window) {
    for (const part of fresh.querySelectorAll("[data-part]")) {
      merge(part, old.querySelector(`[data-part="${part.dataset.part}"]`));
    }
  } else if (!fresh.isEqualNode(old)) {
    if (fresh.dataset.view) begin();
    old.replaceWith(fresh);
  }
}

function begin() {
  answers = { reasons: [] };
  screen.classList.remove("asking");
}

async function read() {
  wanted = true;
  if (reading) return;
  reading = true;
  try {
    while (wanted) {
      wanted = false;
      const answer = await fetch("/screen");
      if (!answer.ok) throw new Error(answer.status);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of fresh.querySelectorAll("body > [data-part]")) {
        merge(document.adoptNode(part), screen.querySelector(`:scope > [data-part="${part.dataset.part}"]`));
      }
      cut.hidden = true;
      screen.inert = false;
    }
  } catch {
    lost();
  } finally {
    reading = false;
  }
}

function lost() {
  cut.hidden = false;
  screen.inert = true;
}

function step(button) {
  const steps = [...screen.querySelectorAll("[data-step]")];
  const now = steps.indexOf(button.closest("[data-step]"));
  for (const [place, one] of steps.entries()) one.hidden = place !== now + 1;
  screen.classList.toggle("asking", now + 1 < steps.length);
  if (now + 1 === steps.length) {
    const window = screen.querySelector("[data-window]").dataset.window;
    send("/api/v1/additions", { window, ...answers });
  }
}

screen.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { score, settled, reason, recommend, print } = button.dataset;
  if (score) {
    for (const key of screen.querySelectorAll("[data-score]")) key.disabled = true;
    send("/api/v1/presses", { score: Number(score) }).then(read); // one that does not count frees the keys again
  } else if (print !== undefined) {
    button.disabled = true;
    send("/api/v1/slips", { window: screen.querySelector("[data-window]").dataset.window });
  } else if (reason) {
    const on = !answers.reasons.includes(reason);
    answers.reasons = on ? [...answers.reasons, reason] : answers.reasons.filter((one) => one !== reason);
    button.setAttribute("aria-pressed", String(on));
  } else if (settled !== undefined) {
    if (settled) answers.settled = settled === "true";
    step(button);
  } else if (recommend !== undefined) {
    if (recommend) answers.recommend = Number(recommend);
    step(button);
  } else {
    step(button);
  }
});

follow("/screen/events", 0, {
  events: { screen: read, tick() {} },
  live: read,
  cut: lost,
  stale: read,
});
