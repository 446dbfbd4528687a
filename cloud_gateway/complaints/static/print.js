// The button that prints the slip with the day of the answer.

for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());
