// Takes the token of a one-time link out of the address and puts it into the form that posts it.

const token = location.hash.slice(1);
const form = document.getElementById("enter");
if (form && token) {
  form.elements.token.value = token;
  history.replaceState(null, "", location.pathname);
  document.getElementById("no-token").hidden = true;
  form.hidden = false;
  form.querySelector("button").focus();
}
