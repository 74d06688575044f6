// What a form gains with JavaScript; it works without.
const form = document.getElementById("service");
const phrases = JSON.parse(document.getElementById("phrases").textContent);
const QUIET_SECONDS = 10;

// Other characters for the CAPTCHA, in the picture and in the sound, without sending the form.
async function renewCharacters({ dataset: { source, form: name } }) {
  const answer = await fetch(`${source}?form=${name}`);
  if (!answer.ok) return;
  const { challenge } = await answer.json();
  const old = document.getElementById("challenge");
  for (const [id, attribute] of [["captcha-image", "src"], ["captcha-son", "src"], ["captcha-son-autre", "href"]]) {
    const place = document.getElementById(id);
    place?.setAttribute(attribute, place.getAttribute(attribute).replace(old.value, challenge));
  }
  old.value = challenge;
  const typed = document.getElementById("captcha");
  typed.value = "";
  typed.focus();
}

// The other language's voice in the same player, without leaving the page.
function playOther(link) {
  const player = document.getElementById("captcha-son");
  player.src = link.href;
  player.play();
}

// The characters may come into the page later, so the form itself listens.
form.addEventListener("click", (event) => {
  for (const [id, act] of [["captcha-autre", renewCharacters], ["captcha-son-autre", playOther]]) {
    const pressed = event.target.closest(`#${id}`);
    if (!pressed) continue;
    event.preventDefault();
    act(pressed);
  }
});

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
