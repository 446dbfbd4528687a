// The day and night themes: one button, remembered in a cookie so that the next page comes in the right one.
// Loaded by itself, so that it works before a page's larger scripts have come; they listen to `themechange`.

const root = document.documentElement;

for (const button of document.querySelectorAll("[data-theme-button]")) {
  button.addEventListener("click", () => {
    const night = root.dataset.theme !== "night";
    root.dataset.theme = night ? "night" : "day";
    button.setAttribute("aria-pressed", String(night));
    document.cookie = `weiran_theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
    document.dispatchEvent(new Event("themechange"));
  });
}
