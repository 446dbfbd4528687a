// Puts the changing parts of a page in place, and leaves alone what did not change and what the reader does.

/** Puts a part that the gateway rendered in the place of the same name; charts are left to `putCharts`. */
export function putPart(source, putCharts) {
  const name = source.dataset.part;
  if (name === "model") return;
  for (const target of document.querySelectorAll(`[data-part="${name}"]`)) {
    if (name === "charts") putCharts(target, source);
    else if (bare(target) === bare(source)) copyTimes(target, source);
    else replaceInside(target, source);
  }
}

const TIMED = "[data-age-from], [data-ago-from]";

/** What a part says, without the ages that tick by themselves and without what the reader opened. */
function bare(element) {
  const copy = element.cloneNode(true);
  for (const el of copy.querySelectorAll(TIMED)) el.replaceWith("…");
  for (const el of copy.querySelectorAll("details")) el.removeAttribute("open");
  return copy.innerHTML.trim();
}

function copyTimes(target, source) {
  const fresh = source.querySelectorAll(TIMED);
  target.querySelectorAll(TIMED).forEach((el, i) => Object.assign(el.dataset, fresh[i].dataset));
}

/** Puts a part in place; what was open stays open, and the keyboard stays where it was. */
function replaceInside(target, source) {
  const open = [...target.querySelectorAll("details[open][id]")].map((d) => d.id);
  const held = [...target.querySelectorAll("a, summary, button")].indexOf(document.activeElement);
  target.innerHTML = source.innerHTML;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (held >= 0) target.querySelectorAll("a, summary, button")[held]?.focus();
}
