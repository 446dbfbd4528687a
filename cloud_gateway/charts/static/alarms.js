// The alarms of the shown time as a list below the charts, by the numbers on their marks.

import { wallTime } from "/static/js/times.js";

const SHAPES = { urgent: "M6 0 12 6 6 12 0 6Z", attention: "M6 1 11.5 11H.5Z" };
const SVG = "http://www.w3.org/2000/svg";

function make(name, text, className = "") {
  const element = document.createElement(name);
  element.textContent = text;
  element.className = className;
  return element;
}

/** Shape, colour and word of how grave an alarm is. */
function pill(severity, words) {
  const known = severity in SHAPES ? severity : "urgent";
  const found = make("span", "", `pill ${known === "urgent" ? "bad" : "late"}`);
  const shape = document.createElementNS(SVG, "svg");
  shape.setAttribute("viewBox", "0 0 12 12");
  shape.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[known]);
  path.setAttribute("fill", "currentColor");
  shape.append(path);
  found.append(shape, words[known]);
  return found;
}

function row(alarm, zone, words) {
  const lead = make("span", "", "lead");
  lead.append(make("b", String(alarm.number)), pill(alarm.severity, words));
  const link = make("a", alarm.label);
  link.href = `/alarms/${alarm.device}/${alarm.epoch}/${alarm.seq}`;
  const what = make("span", "", "what");
  what.append(link, " ", make("span", alarm.device, "small muted"));
  const end = alarm.until ? words.until.replace("%(time)s", wallTime(alarm.until, zone).slice(5)) : words.standing;
  const found = make("li", "");
  found.append(lead, what, make("span", `${wallTime(alarm.at, zone).slice(5)} · ${end}`, "when small"));
  return found;
}

/** Puts alarms into a `details`, which is hidden when there are none; one that is the same is left alone. */
export function listAlarms(target, alarms, zone, words) {
  target.hidden = !alarms.length;
  const said = JSON.stringify(alarms.map((one) => [one.number, one.device, one.epoch, one.seq, one.until]));
  if (target.dataset.said === said) return;
  target.dataset.said = said;
  target.querySelector("summary").textContent = words.alarms.replace("%(count)s", alarms.length);
  target.querySelector("ul").replaceChildren(...alarms.map((one) => row(one, zone, words)));
}
