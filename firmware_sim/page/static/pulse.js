// Follows an event stream of boards, and says on the page when it is cut off and what was heard last.

import { follow } from "/static/js/live.js";
import { clockTime } from "/static/js/times.js";

const main = document.getElementById("main");
const pulse = document.getElementById("pulse");
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
let heard = Date.now();
let gone = false;

/** What can be moved is moved only while it is live. */
function show(cut) {
  const still = cut || gone;
  main.classList.toggle("cut", still);
  for (const cards of main.querySelectorAll(".cards")) cards.inert = still;
  pulse.className = `pill ${cut ? "bad" : gone ? "off" : "ok"}`;
  const text = cut ? main.dataset.cut : gone ? main.dataset.ended : main.dataset.live;
  pulse.querySelector("[data-text]").textContent = text.replace("%(time)s", clockTime(heard, ZONE));
}

/** Opens the stream; `take(body)` is given what `topic` says. Null: what is looked at has ended. */
export function listen(address, topic, take) {
  const note = (at) => { if (!gone) heard = at; };
  const hear = (body, at) => {
    gone = body === null;
    note(at);
    take(body);
    show(false);
  };
  follow(address, 0, {
    events: { [topic]: hear, tick(_, at) { note(at); } },
    live: () => show(false),
    cut: () => show(true),
    stale() {},
  });
}
