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

document.getElementById("resume-erreurs")?.focus();
