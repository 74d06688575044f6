// What a form gains with JavaScript; it works without.
const form = document.getElementById("service");
const phrases = JSON.parse(document.getElementById("phrases").textContent);
const QUIET_SECONDS = 10;

// A second click, while the first one is on its way, sends nothing.
let sentAt = -Infinity;
form.addEventListener("submit", (event) => {
  if (event.timeStamp - sentAt < 1000 * QUIET_SECONDS) {
    event.preventDefault();
    return;
  }
  sentAt = event.timeStamp;
  document.getElementById("envoi").textContent = phrases.sending;
});
// Back from the browser's memory: the form can be sent again.
window.addEventListener("pageshow", () => {
  sentAt = -Infinity;
  document.getElementById("envoi").textContent = "";
});

// The panel marks what it has about the field with the focus.
const sections = [...document.querySelectorAll("[data-about]")];
form.addEventListener("focusin", ({ target }) => {
  if (!sections.some((section) => section.dataset.about === target.name)) return;
  for (const section of sections) {
    if (section.dataset.about === target.name) section.setAttribute("aria-current", "true");
    else section.removeAttribute("aria-current");
  }
});

document.getElementById("resume-erreurs")?.focus();
