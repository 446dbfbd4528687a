// Takes the receipt out of the address, where no server hears of it, and posts it to be checked.

const field = document.getElementById("receipt");

function send() {
  const text = decodeURIComponent(location.hash.slice(1));
  if (!text.startsWith("WR1.")) return;
  history.replaceState(null, "", location.pathname + location.search);
  field.value = text;
  document.getElementById("check").submit();
}

window.addEventListener("hashchange", send); // a second receipt in a page that is open
send();
