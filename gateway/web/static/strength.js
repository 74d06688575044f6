// Bars that say how hard a password is to guess, with French words, names and habits in mind. Nothing leaves the page:
// lists and all come from this server once the page can be used, and no request is made while somebody types.
"use strict";

const LISTS = document.currentScript.dataset.lists.trim().split(" ");
const QUIET_MILLISECONDS = 400;

function load(address) {
  return new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = done;
    script.onerror = failed;
    document.head.append(script);
  });
}

async function estimator() {
  for (const address of LISTS) await load(address);
  const { core, "language-common": common, "language-fr": french } = globalThis.zxcvbnts;
  const zxcvbn = new core.ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...french.dictionary },
    graphs: common.adjacencyGraphs,
  });
  // Guesses by powers of ten: 10 000 000 000 guesses are 100 %.
  return (password) => {
    const known = document.getElementById("login")?.value;
    const { guessesLog10 } = zxcvbn.check(password.slice(0, 128), known ? [known] : []);
    return Math.min(100, Math.round(10 * guessesLog10));
  };
}

function word(percent) {
  if (percent < 40) return "très faible";
  if (percent < 60) return "faible";
  if (percent < 80) return "moyenne";
  return percent < 100 ? "bonne" : "très bonne";
}

function follow(bar, percent) {
  const field = document.getElementById(bar.dataset.strengthOf);
  const [meter, text] = bar.children;
  let quiet = 0;
  field.addEventListener("input", () => {
    bar.hidden = !field.value;
    meter.value = percent(field.value);
    clearTimeout(quiet);
    // Screen readers are told once the typing rests.
    quiet = setTimeout(() => (text.textContent = `Solidité : ${meter.value} %, ${word(meter.value)}`), QUIET_MILLISECONDS);
  });
  if (field.value) field.dispatchEvent(new Event("input"));
}

const bars = document.querySelectorAll("[data-strength-of]");
window.addEventListener("load", async () => {
  const percent = await estimator();
  for (const bar of bars) follow(bar, percent);
  document.documentElement.dataset.strength = "ready";
});
