// Proof of work: before a form is sent, the browser pays for it with some processor time (ALTCHA's solver). Nothing that
// was typed leaves the page before the work is done, so nothing has to be typed again when more of it is required.
const form = document.getElementById("service");
const field = document.getElementById("altcha");
const status = document.getElementById("envoi");
const phrases = JSON.parse(document.getElementById("phrases").textContent);

const ABLE = "able";
const NAMES = ["login", "surname", "given_name"];
const MAX_WORKERS = 4;
const MAX_ROUNDS = 3;
const RESERVE_SECONDS = 60;
const LONG_MILLISECONDS = 3000;
const QUIET_MILLISECONDS = 10000;

let held = null;
let isReady = false;
let isBusy = false;

// WebCrypto exists under https and on this machine only.
const canWork = () => Boolean(globalThis.crypto?.subtle && globalThis.Worker);

// How much is required depends on the login or the name; they travel in the body, as in the form itself.
async function fetchTask() {
  const body = new URLSearchParams({ form: field.dataset.form });
  for (const name of NAMES) {
    if (form.elements[name]) body.set(name, form.elements[name].value);
  }
  const answer = await fetch(field.dataset.source, { method: "POST", body });
  if (!answer.ok) throw new Error(`no task: ${answer.status}`);
  const { task, lifetime_seconds: lifetime } = await answer.json();
  return task && { task, lifetime };
}

async function solve(task, controller) {
  const { solveChallengeWorkers } = await import(field.dataset.solver);
  const solution = await solveChallengeWorkers({
    challenge: task,
    concurrency: Math.min(MAX_WORKERS, navigator.hardwareConcurrency || 1),
    controller,
    createWorker: () => new Worker(field.dataset.worker),
    timeout: 0,
  });
  if (!solution) throw new Error("no solution");
  return btoa(JSON.stringify({ challenge: task, solution }));
}

function begin({ task }) {
  held?.controller.abort();
  const controller = new AbortController();
  const payload = solve(task, controller);
  payload.catch(() => {});
  held = { task, controller, payload };
}

// The server's own times are compared, as this machine's clock may be wrong.
function isEnough({ task: { parameters: wanted }, lifetime }) {
  const had = held?.task.parameters;
  return (
    had !== undefined &&
    had.data.network === wanted.data.network &&
    had.data.guesses >= wanted.data.guesses &&
    wanted.expiresAt - had.expiresAt <= lifetime - RESERVE_SECONDS
  );
}

// What the form must bring. After long work the server is asked again: address and pressure may have changed.
async function solution() {
  let payload = ABLE;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const wanted = await fetchTask();
    if (!wanted) return ABLE;
    const fetchedAt = performance.now();
    if (!isEnough(wanted)) begin(wanted);
    payload = await held.payload;
    if (performance.now() - fetchedAt < LONG_MILLISECONDS) break;
  }
  // It is accepted once.
  held = null;
  return payload;
}

// The picture and the sound, which the page keeps for browsers without JavaScript.
function showCharacters() {
  field.value = "";
  const kept = form.querySelector(".captcha noscript");
  if (!kept) return;
  const place = document.createElement("div");
  place.innerHTML = kept.textContent;
  kept.replaceWith(place);
  document.getElementById("captcha-automatique").hidden = true;
}

function send(submitter) {
  isReady = true;
  form.requestSubmit(submitter);
}

// Whether the form was sent all the same.
function goOnWithoutWork(submitter) {
  held = null;
  showCharacters();
  const characters = document.getElementById("captcha");
  const isAsked = form.querySelector(".captcha") !== null;
  if (!isAsked || characters?.value) {
    send(submitter);
    return true;
  }
  status.textContent = characters ? phrases.workFailed : phrases.workUnavailable;
  characters?.focus();
  return false;
}

// Whether the form was sent.
async function workAndSend(submitter) {
  status.textContent = phrases.working;
  const takesLong = setTimeout(() => (status.textContent = phrases.workingLong), LONG_MILLISECONDS);
  try {
    field.value = await solution();
  } catch {
    return goOnWithoutWork(submitter);
  } finally {
    clearTimeout(takesLong);
  }
  send(submitter);
  return true;
}

async function onSubmit(event) {
  if (isReady) {
    isReady = false;
    return;
  }
  // A named button only shows the form again, in another language or with another picture.
  if (event.submitter?.name) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (isBusy) return;
  isBusy = true;
  const isSent = await workAndSend(event.submitter);
  // Once it is sent, another click does nothing until the answer had its time.
  setTimeout(() => (isBusy = false), isSent ? QUIET_MILLISECONDS : 0);
}

function workEarly() {
  fetchTask().then((wanted) => {
    if (wanted && !held) begin(wanted);
  }, () => {});
}

if (canWork()) {
  field.value = ABLE;
  document.getElementById("captcha-automatique")?.classList.add("ready");
  form.addEventListener("submit", onSubmit);
  if ("early" in field.dataset) form.addEventListener("focusin", workEarly, { once: true });
  window.addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    isReady = isBusy = false;
    field.value = ABLE;
  });
} else {
  showCharacters();
}
