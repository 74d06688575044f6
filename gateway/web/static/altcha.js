// "Vérification automatique": ALTCHA's widget, its worker served from here.
import "./vendor/altcha.min.js";
import "./vendor/altcha-fr.js";

$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(new URL("./vendor/altcha-pbkdf2.js", import.meta.url)));
// The widget speaks French and English; another language gets its French words under our own label.
const language = document.documentElement.lang === "en" ? "en" : "fr-fr";
const label = JSON.parse(document.getElementById("phrases").textContent).automatic;
$altcha.i18n.set(language, { ...$altcha.i18n.get(language), label });
$altcha.defaults.set({ language, hideFooter: true, hideLogo: true, humanInteractionSignature: false });
for (const place of document.querySelectorAll("[data-altcha]")) {
  const widget = document.createElement("altcha-widget");
  widget.setAttribute("challenge", place.dataset.altcha);
  // It is one way of several: nobody must tick it.
  widget.addEventListener("load", () => widget.querySelector("input[type=checkbox]")?.removeAttribute("required"));
  place.append(widget);
  place.parentElement.classList.add("ready");
}
