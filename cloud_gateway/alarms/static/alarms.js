// The keys of the pages of alarms: j and k go through the list, a acknowledges, / searches, ? shows them; Enter opens by itself.

const WAIT_MS = 2000;
const TYPED = "input, textarea, select";

const links = () => [...document.querySelectorAll("[data-row] .what > a")];
const held = () => links().findIndex((link) => link.closest("[data-row]").contains(document.activeElement));

function go(step) {
  const all = links();
  if (!all.length) return;
  const at = held();
  all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)].focus();
}

/** Acknowledges the alarm that the keyboard is on, or the one that the page is about. */
async function acknowledge() {
  const form = document.activeElement.closest("[data-row]")?.querySelector("form") ?? document.querySelector("form[data-acknowledge]");
  if (!form) return;
  if (form.hasAttribute("data-acknowledge")) form.requestSubmit();
  else await send(form);
}

/** Sends a form without leaving the list; the list hears of it by its event stream. */
async function send(form) {
  const body = new URLSearchParams();
  const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => null);
  if (answer && answer.type !== "opaqueredirect") form.requestSubmit(); // the page of the refusal says why
}

const KEYS = { j: () => go(1), k: () => go(-1), a: acknowledge, "/": () => document.getElementById("q")?.focus(), "?": () => document.querySelector(".keys")?.focus() };

/** What is measured now stands on an alarm's page: it is read again some time after its device has said something. */
const device = location.pathname.split("/")[2];
let waiting = null;
document.addEventListener("reading", ({ detail: { body } }) => {
  if (!device || body.device !== decodeURIComponent(device) || waiting) return;
  waiting = setTimeout(() => { waiting = null; document.dispatchEvent(new Event("readagain")); }, WAIT_MS);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches(TYPED)) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

document.addEventListener("submit", (event) => {
  if (!event.target.closest("[data-row]") || event.submitter === null) return;
  event.preventDefault();
  send(event.target);
});
