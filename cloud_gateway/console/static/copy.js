// Copies a one-time link at the press of a button, where the browser lets a page do that.

const link = document.getElementById("link");
const button = document.getElementById("copy");

link.addEventListener("focus", () => link.select());
if (navigator.clipboard) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    link.select();
    await navigator.clipboard.writeText(link.value);
    button.textContent = button.dataset.done;
  });
}
