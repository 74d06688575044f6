// "Vérification automatique": ALTCHA's widget, its worker served from here.
import "./vendor/altcha.min.js";
import "./vendor/altcha-fr.js";

$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(new URL("./vendor/altcha-pbkdf2.js", import.meta.url)));
$altcha.i18n.set("fr-fr", { ...$altcha.i18n.get("fr-fr"), label: "Vérification automatique" });
$altcha.defaults.set({ language: "fr-fr", hideFooter: true, hideLogo: true, humanInteractionSignature: false });
for (const place of document.querySelectorAll("[data-altcha]")) {
  const widget = document.createElement("altcha-widget");
  widget.setAttribute("challenge", place.dataset.altcha);
  // It is one way of several: nobody must tick it.
  widget.addEventListener("load", () => widget.querySelector("input[type=checkbox]")?.removeAttribute("required"));
  place.append(widget);
  place.hidden = false;
}
