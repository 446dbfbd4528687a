// Takes the token of a one-time link out of the address, and posts it when its owner presses the button.

const token = location.hash.slice(1);
const form = document.getElementById("enter");

async function enter(event) {
  event.preventDefault();
  const answer = await fetch("/enter", { method: "POST", body: new URLSearchParams({ token }), redirect: "manual" });
  location.replace(answer.type === "opaqueredirect" ? "/" : "/enter?spent=1");
}

if (form && token) {
  history.replaceState(null, "", location.pathname + location.search);
  document.getElementById("no-token").hidden = true;
  form.hidden = false;
  form.addEventListener("submit", enter);
  form.querySelector("button").focus();
}
