// What a form gains with JavaScript; it works without.
"use strict";

// Other characters for the CAPTCHA, in the picture and in the sound, without sending the form.
const another = document.getElementById("captcha-autre");
if (another) {
  another.addEventListener("click", async (event) => {
    event.preventDefault();
    const answer = await fetch(`${another.dataset.source}?form=${another.dataset.form}`);
    if (!answer.ok) return;
    const { challenge } = await answer.json();
    document.getElementById("challenge").value = challenge;
    const typed = document.getElementById("captcha");
    for (const [id, name, ending] of [
      ["captcha-image", "src", ".png"],
      ["captcha-son", "src", ".wav"],
      ["captcha-son-en", "href", ".wav?lang=en"],
    ]) {
      document.getElementById(id)?.setAttribute(name, `/captcha/${challenge}${ending}`);
    }
    typed.value = "";
    typed.focus();
  });
}

// The other language's voice in the same player, without leaving the page.
document.getElementById("captcha-son-en")?.addEventListener("click", (event) => {
  event.preventDefault();
  const player = document.getElementById("captcha-son");
  player.src = event.currentTarget.href;
  player.play();
});

// How hard a password is to guess, as CNIL 2022 counts it: bits of a random choice among the kinds of characters
// used, 80 bits being 100 %. Nothing leaves the page.
const KINDS = [[/[a-z]/, 26], [/[A-Z]/, 26], [/[0-9]/, 10], [/[^a-zA-Z0-9]/, 37]];
const FULL_BITS = 80;

function percent(password) {
  const signs = KINDS.reduce((sum, [kind, size]) => sum + (kind.test(password) ? size : 0), 0);
  const distinct = new Set(password).size;
  const length = Math.min(password.length, distinct * 2);
  return signs ? Math.min(100, Math.round((100 * length * Math.log2(signs)) / FULL_BITS)) : 0;
}

for (const bar of document.querySelectorAll("[data-strength-of]")) {
  const field = document.getElementById(bar.dataset.strengthOf);
  const [meter, text] = bar.children;
  field.addEventListener("input", () => {
    const share = percent(field.value);
    bar.hidden = !field.value;
    meter.value = share;
    text.textContent = `Solidité : ${share} %`;
  });
}

document.getElementById("resume-erreurs")?.focus();
