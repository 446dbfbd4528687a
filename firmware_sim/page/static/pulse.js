// Follows an event stream of boards, and says on the page when it is cut off and what was heard last.

import { follow } from "/static/js/live.js";

const main = document.getElementById("main");
const pulse = document.getElementById("pulse");
let heard = Date.now();

function show(cut) {
  main.classList.toggle("cut", cut);
  pulse.className = `pill ${cut ? "bad" : "ok"}`;
  const time = new Date(heard).toLocaleTimeString();
  pulse.textContent = cut ? main.dataset.cut.replace("%(time)s", time) : main.dataset.live;
}

/** Opens the stream; `take(body)` is given what `topic` says. */
export function listen(address, topic, take) {
  const note = (at) => { heard = at; };
  follow(address, 0, {
    events: { [topic](body, at) { note(at); take(body); }, tick(_, at) { note(at); } },
    live: () => show(false),
    cut: () => show(true),
    stale() {},
  });
}
