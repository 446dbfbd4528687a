// The list of boards: keeps their states live, searches, and goes up and down by keys.

import { listen } from "/static/sim/pulse.js";

const rows = [...document.querySelectorAll("#rows > tr")];
const find = document.getElementById("find");
const none = document.getElementById("none");
const known = new Set(rows.map((row) => row.dataset.device));
let here = -1;

function take(boards) {
  if (Object.keys(boards).some((device) => !known.has(device)) && !find?.value) { location.reload(); return; }
  for (const row of rows) {
    const [tone, waiting] = boards[row.dataset.device] ?? ["off", "–"];
    for (const word of row.querySelectorAll("[data-when]")) word.hidden = word.dataset.when !== tone;
    row.querySelector("[data-waiting]").textContent = waiting;
  }
}

/** What a row says; states that do not hold are in it too, and hidden. */
function spoken(row) {
  const states = [...row.querySelectorAll("[data-when]:not([hidden])")].map((state) => state.textContent);
  const rest = [...row.querySelectorAll("td:not(:first-child)")].map((cell) => cell.textContent);
  return [...states, ...rest].join(" ").toLowerCase();
}

function move(by) {
  const shown = rows.filter((row) => !row.hidden);
  if (!shown.length) return;
  here = Math.min(Math.max(here + by, 0), shown.length - 1);
  for (const row of rows) row.classList.toggle("here", row === shown[here]);
  shown[here].querySelector("a").focus();
}

find?.addEventListener("input", () => {
  here = -1;
  const wanted = find.value.trim().toLowerCase();
  for (const row of rows) row.hidden = !spoken(row).includes(wanted);
  none.hidden = rows.some((row) => !row.hidden);
});

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target === find) return;
  if (event.key === "/" && find) { event.preventDefault(); find.focus(); }
  if (event.key === "j") move(1);
  if (event.key === "k") move(-1);
});

listen("/events", "boards", take);
