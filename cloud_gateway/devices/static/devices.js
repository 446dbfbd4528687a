// The keys of the list of devices, and when each device was last heard, without reading the page again.

document.addEventListener("reading", ({ detail: { body, at } }) => {
  for (const shown of document.querySelectorAll(`[data-heard-of="${CSS.escape(body.device)}"]`)) {
    shown.dataset.agoFrom = Math.max(at, Number(shown.dataset.agoFrom));
  }
});

const rows = () => [...document.querySelectorAll("[data-row]")];

function step(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  all[Math.min(Math.max(at + by, 0), all.length - 1)].focus();
}

const keys = { j: () => step(1), k: () => step(-1), "/": () => document.querySelector("[role=search] input")?.focus(), "?": () => document.querySelector(".keys")?.focus() };

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea");
  if (typing || event.ctrlKey || event.altKey || event.metaKey || !keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});
