// Bars that say how hard a password is to guess, with French words, names and habits in mind. A worker judges. Nothing
// leaves the browser: worker and word lists come from this server when a field for passwords first gets the focus.
// Where no worker can run there are no bars, and the form works as it does without scripts.
"use strict";

{
  const { worker: WORKER, scripts, lists: LISTS } = document.currentScript.dataset;
  const QUIET_MILLISECONDS = 200;
  const STEPS = [40, 60, 80, 100];
  const bars = new Map([...document.querySelectorAll("[data-strength-of]")].map((bar) => [bar.dataset.strengthOf, bar]));
  const { strength, strengths } = JSON.parse(document.getElementById("phrases").textContent);
  const word = (percent) => strengths[STEPS.filter((step) => percent >= step).length];
  const fieldOf = (id) => document.getElementById(id);

  let worker = null;
  let isReady = false;
  // Fields whose value is to be judged; the worker gets one at a time, so that what it judges is never old.
  const waiting = new Set();
  let inWork = null;

  const stop = () => {
    worker?.terminate();
    worker = null;
    for (const id of bars.keys()) show(id, null);
    document.documentElement.dataset.strength = "none";
  };

  const start = () => {
    if (document.documentElement.dataset.strength) return;
    document.documentElement.dataset.strength = "loading";
    try {
      worker = new Worker(WORKER);
      worker.onerror = (event) => {
        event.preventDefault();
        stop();
      };
      worker.onmessage = ({ data: percent }) => {
        const { field, password } = inWork;
        inWork = null;
        // Something else may have been typed since then; it is judged when the typing rests.
        if (fieldOf(field).value === password) show(field, percent);
        judgeNext();
      };
      worker.postMessage({ scripts: scripts.trim().split(" ") });
      fetchLists().catch(stop);
    } catch {
      stop();
    }
  };

  const fetchLists = async () => {
    const answer = await fetch(LISTS);
    if (!answer.ok) throw new Error(`word lists: ${answer.status}`);
    const lists = await answer.text();
    // The worker may have failed meanwhile.
    if (!worker) return;
    worker.postMessage({ lists });
    isReady = true;
    document.documentElement.dataset.strength = "ready";
    judgeNext();
  };

  const judgeNext = () => {
    const [field] = waiting;
    if (!isReady || !worker || inWork || field === undefined) return;
    waiting.delete(field);
    const password = fieldOf(field).value;
    if (!password) return judgeNext();
    inWork = { field, password };
    worker.postMessage({ password, login: fieldOf("login")?.value ?? "" });
  };

  // Without a percentage nothing is said.
  const show = (id, percent) => {
    const bar = bars.get(id);
    const [meter, text] = bar.children;
    bar.classList.toggle("typed", percent !== null);
    meter.value = percent ?? 0;
    text.textContent =
      percent === null ? "" : strength.replace("{percent}", percent).replace("{word}", word(percent));
    bar.dispatchEvent(new CustomEvent("judged", { bubbles: true, detail: { field: id, percent } }));
  };

  const follow = (id) => {
    const field = fieldOf(id);
    let quiet = 0;
    const typed = () => {
      clearTimeout(quiet);
      if (!field.value) show(id, null);
      quiet = setTimeout(() => {
        waiting.add(id);
        judgeNext();
      }, QUIET_MILLISECONDS);
    };
    bars.get(id).classList.add("ready");
    field.addEventListener("focus", start);
    field.addEventListener("input", () => {
      start();
      typed();
    });
    // The login counts as a word that is easy to guess.
    fieldOf("login")?.addEventListener("input", typed);
    // On a slow line somebody may be typing already.
    if (document.activeElement === field) start();
    if (field.value) typed();
  };

  for (const id of bars.keys()) follow(id);
}
