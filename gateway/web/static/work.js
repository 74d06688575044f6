// Proof of work: before a form is sent, the browser pays for it with some processor time (ALTCHA's solver). It begins
// when somebody begins to fill in the form. Nothing that was typed leaves the page before the form is sent, so nothing
// has to be typed again when more work is required.
const form = document.getElementById("service");
const field = document.getElementById("altcha");
const status = document.getElementById("envoi");
const phrases = JSON.parse(document.getElementById("phrases").textContent);
// Where the automatic check is offered it is enough alone; else it comes beside the characters.
const isEnoughAlone = document.getElementById("captcha-automatique") !== null;

const ABLE = "able";
const NAMES = ["login", "surname", "given_name"];
const MAX_WORKERS = 4;
const MAX_ROUNDS = 3;
const RESERVE_SECONDS = 60;
const LONG_MILLISECONDS = 3000;
const SLOW_MILLISECONDS = 10000;
const QUIET_MILLISECONDS = 10000;
const RETRY_MILLISECONDS = 10000;

let held = null;
let isReady = false;
let isBusy = false;
let hasFailed = false;
let sending = 0;
let nextStartAt = 0;
let slowTimer = 0;

// WebCrypto exists under https and on this machine only.
const canWork = () => Boolean(globalThis.crypto?.subtle && globalThis.Worker);

// captcha.js shows it.
function tell(state) {
  clearTimeout(slowTimer);
  if (state === "working") slowTimer = setTimeout(() => isBusy || tell("slow"), SLOW_MILLISECONDS);
  form.dispatchEvent(new CustomEvent("robot-check", { detail: state }));
}

// How much is required depends on the login or the name; they travel in the body, as in the form itself, and only when
// somebody sends it: before that the task is for the base work.
async function fetchTask(names) {
  const body = new URLSearchParams({ form: field.dataset.form });
  for (const name of names) {
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
  }).catch((reason) => {
    // The solver passes the event of a worker on, of which no browser says where it came from.
    throw reason instanceof Error ? reason : new Error("the worker failed");
  });
  if (!solution) throw new Error("no solution");
  return btoa(JSON.stringify({ challenge: task, solution }));
}

function drop() {
  held?.controller.abort();
  held = null;
}

// To begin anew before a solution gets too old changes nothing for the person, so nothing is said.
function begin({ task, lifetime }, isRenewal = false) {
  drop();
  const controller = new AbortController();
  const work = { task, lifetime, controller, begunAt: performance.now(), isSolved: false };
  held = work;
  if (!isRenewal) tell("working");
  work.payload = solve(task, controller);
  work.payload.then(
    () => {
      work.isSolved = true;
      if (held === work) tell("done");
    },
    () => {
      if (held !== work) return;
      held = null;
      hasFailed = true;
      tell("failed");
    },
  );
}

const spare = (lifetime) => Math.min(RESERVE_SECONDS, lifetime / 4);
const isGettingOld = ({ begunAt, lifetime }) => performance.now() - begunAt > 1000 * (lifetime - spare(lifetime));

// The server's own times are compared, as this machine's clock may be wrong.
function isEnough({ task: { parameters: wanted }, lifetime }) {
  const had = held?.task.parameters;
  return (
    had !== undefined &&
    had.data.network === wanted.data.network &&
    had.data.guesses >= wanted.data.guesses &&
    wanted.expiresAt - had.expiresAt <= lifetime - spare(lifetime)
  );
}

// What the form must bring. After long work the server is asked again: address and pressure may have changed.
async function solution() {
  let payload = ABLE;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const wanted = await fetchTask(NAMES);
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

const typedCharacters = () => document.getElementById("captcha")?.value?.trim() ?? "";

function send(submitter) {
  isReady = true;
  form.requestSubmit(submitter);
}

// Whether the form was sent all the same.
function goOnWithoutWork(submitter) {
  drop();
  field.value = "";
  if (!form.querySelector(".captcha") || typedCharacters()) {
    send(submitter);
    return true;
  }
  tell("failed");
  const characters = document.getElementById("captcha");
  status.textContent = characters ? phrases.workFailed : phrases.workUnavailable;
  characters?.focus();
  return false;
}

// Whether the form was sent.
async function workAndSend(submitter) {
  const number = (sending += 1);
  status.textContent = phrases.working;
  const takesLong = setTimeout(() => (status.textContent = phrases.workingLong), LONG_MILLISECONDS);
  try {
    const payload = await solution();
    if (number !== sending) return true;
    field.value = payload;
    // Wrong characters would be a mistake beside work that is right.
    if (isEnoughAlone && payload !== ABLE && typedCharacters()) document.getElementById("captcha").value = "";
  } catch {
    return number !== sending || goOnWithoutWork(submitter);
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
  // Whoever typed the characters need not wait for the work.
  if (isEnoughAlone && typedCharacters() && !held?.isSolved) {
    sending += 1;
    drop();
    field.value = "";
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  if (isBusy) return;
  isBusy = true;
  const isSent = await workAndSend(event.submitter);
  // Once it is sent, another click does nothing until the answer had its time.
  setTimeout(() => (isBusy = false), isSent ? QUIET_MILLISECONDS : 0);
}

// On each sign of somebody at the form: begin, or begin anew before the solution is too old.
async function workEarly() {
  if (isBusy || hasFailed || performance.now() < nextStartAt || (held && !isGettingOld(held))) return;
  nextStartAt = performance.now() + RETRY_MILLISECONDS;
  try {
    const wanted = await fetchTask([]);
    if (wanted && !isBusy) begin(wanted, held !== null);
  } catch {
    // It is tried again later, at last when the form is sent.
  }
}

function onPageshow({ persisted }) {
  if (!persisted) return;
  isReady = isBusy = hasFailed = false;
  nextStartAt = 0;
  field.value = ABLE;
  drop();
  tell("idle");
  if ("early" in field.dataset && form.contains(document.activeElement)) workEarly();
}

if (canWork()) {
  field.value = ABLE;
  form.addEventListener("submit", onSubmit);
  if ("early" in field.dataset) {
    for (const sign of ["focusin", "input"]) form.addEventListener(sign, workEarly);
  }
  window.addEventListener("pageshow", onPageshow);
} else {
  tell("failed");
}
