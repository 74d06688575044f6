// Bars that say how hard a password is to guess, with French words, names and habits in mind. Nothing leaves the page:
// lists and all come from this server once the page can be used, and no request is made while somebody types.
"use strict";

{
  const SCRIPTS = document.currentScript.dataset.scripts.trim().split(" ");
  const QUIET_MILLISECONDS = 400;
  const STEPS = [40, 60, 80, 100];
  const bars = document.querySelectorAll("[data-strength-of]");
  const { strength, strengths } = JSON.parse(document.getElementById("phrases").textContent);

  const load = (address) =>
    new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = address;
      script.onload = done;
      script.onerror = failed;
      document.head.append(script);
    });

  const word = (percent) => strengths[STEPS.filter((step) => percent >= step).length];

  const tickRule = (percent) => {
    const rule = document.querySelector("[data-rule=too_weak]");
    if (rule) rule.className = percent >= Number(rule.parentElement.dataset.minStrength) ? "kept" : "broken";
  };

  const follow = (bar) => {
    const field = document.getElementById(bar.dataset.strengthOf);
    const [meter, text] = bar.children;
    let quiet = 0;
    field.addEventListener("input", () => {
      bar.classList.toggle("typed", Boolean(field.value));
      meter.value = globalThis.estimateStrength(field.value, document.getElementById("login")?.value);
      if (field.id === "new_password") tickRule(meter.value);
      clearTimeout(quiet);
      // Screen readers announce the result when the person stops typing.
      quiet = setTimeout(() => {
        text.textContent = strength.replace("{percent}", meter.value).replace("{word}", word(meter.value));
      }, QUIET_MILLISECONDS);
    });
    if (field.value) field.dispatchEvent(new Event("input"));
  };

  for (const bar of bars) bar.classList.add("ready");
  window.addEventListener("load", async () => {
    for (const address of SCRIPTS) await load(address);
    for (const bar of bars) follow(bar);
    document.documentElement.dataset.strength = "ready";
  });
}
