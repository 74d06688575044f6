// What the robot check shows: one line for the state of the automatic check (work.js), and the other way, with characters
// to type, until one of the two is done.
const form = document.getElementById("service");
const phrases = JSON.parse(document.getElementById("phrases").textContent);
const line = document.getElementById("captcha-automatique");
// Without an automatic check there is no other way: the characters are asked for beside the work.
const other = line && document.getElementById("captcha-autre-moyen");
const MAX_AGE_MILLISECONDS = 60000;

const TEXTS = {
  idle: line?.dataset.text,
  working: phrases.checking,
  slow: phrases.checkSlow,
  done: phrases.checked,
  failed: phrases.checkFailed,
};
// After a form that came without work the page shows the characters at once.
const isDirect = other?.localName === "div";
let isDone = false;

// Other characters, in the picture and in the sound, without sending the form.
async function renewCharacters() {
  const { source, form: name } = document.getElementById("captcha-autre").dataset;
  // Where that fails the present ones stay; the server says so if they have served.
  const answer = await fetch(`${source}?form=${name}`).catch(() => null);
  if (!answer?.ok) return;
  const { challenge } = await answer.json();
  const old = document.getElementById("challenge");
  for (const attribute of ["src", "href"]) {
    for (const place of form.querySelectorAll(`.captcha [${attribute}]`)) {
      place.setAttribute(attribute, place.getAttribute(attribute).replace(old.value, challenge));
    }
  }
  old.value = challenge;
  document.getElementById("captcha-son")?.load();
  document.getElementById("captcha").value = "";
}

// The other language's voice in the same player, without leaving the page.
function playOther({ hreflang }) {
  const player = document.getElementById("captcha-son");
  for (const source of player.querySelectorAll("source")) {
    source.src = source.src.replace(/lang=\w+/, `lang=${hreflang}`);
  }
  player.load();
  // A browser that does not let a page begin to play leaves it to the person.
  player.play().catch(() => {});
}

// The characters, which the page keeps for browsers without JavaScript: nothing of them is loaded before.
function bringCharacters() {
  const kept = form.querySelector(".captcha noscript");
  const place = other?.querySelector("summary + div");
  if (!kept || !place) return;
  place.innerHTML = kept.textContent;
  kept.remove();
  if (performance.now() > MAX_AGE_MILLISECONDS) renewCharacters();
}

// What is open disappears when somebody goes on in another field: never under the fingers, and never while the button
// below is being pressed. What is closed keeps its room.
function hideOther() {
  if (!isDone || !other) return;
  const at = document.activeElement;
  const isElsewhere = form.contains(at) && !other.contains(at) && at.matches("input");
  if ((other.open || isDirect) && !isElsewhere) return;
  document.getElementById("captcha-son")?.pause();
  other.open = false;
  if (isDirect) other.hidden = true;
  else other.classList.add("done");
}

function show(state) {
  isDone = state === "done";
  if (line) {
    line.dataset.state = state;
    // The same words again would be read aloud again.
    if (line.textContent !== TEXTS[state]) line.textContent = TEXTS[state];
    if (isDone) line.hidden = false;
  }
  if (isDone) hideOther();
  else if (other) {
    other.hidden = false;
    other.classList.remove("done");
  }
  if (state === "failed" && other) {
    other.open = true;
    bringCharacters();
  }
}

form.addEventListener("robot-check", ({ detail }) => show(detail));
form.addEventListener("focusin", hideOther);
other?.addEventListener("toggle", () => other.open && bringCharacters());

form.addEventListener("click", (event) => {
  if (event.target.closest("#captcha-autre")) {
    event.preventDefault();
    renewCharacters().then(() => document.getElementById("captcha").focus());
  }
  const link = event.target.closest("#captcha-son-autre");
  if (link) {
    event.preventDefault();
    playOther(link);
  }
});

// Back from the browser's memory: the challenge has served.
window.addEventListener("pageshow", ({ persisted }) => {
  if (persisted && document.getElementById("captcha-autre")) renewCharacters();
});

for (const place of [line, other?.querySelector("summary")]) {
  if (place?.textContent === "") place.textContent = place.dataset.text ?? "";
}
line?.classList.add("ready");
other?.classList.add("ready");
