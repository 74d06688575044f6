// Tells that the time to choose a password ends soon. More time comes without a new page, so what was typed stays.
const box = document.getElementById("fin");
const message = document.getElementById("fin-message");
const phrases = JSON.parse(document.getElementById("fin-phrases").textContent);
const form = document.getElementById("service");
const WARN_MILLISECONDS = 120_000;

let endsAt = 0;
let timers = [];

const more = () => document.getElementById("fin-prolonger");
const timeOfDay = (at) => new Date(at).toLocaleTimeString(document.documentElement.lang, { timeStyle: "short" });

function showMore(isShown) {
  if (more()) more().hidden = !isShown;
}

// Timers stand still while a phone sleeps, so the clock decides.
function tell() {
  const left = endsAt - Date.now();
  if (left <= 0) {
    message.textContent = phrases.over;
    showMore(false);
    document.getElementById("fin-recommencer").hidden = false;
  } else if (left <= WARN_MILLISECONDS) {
    message.textContent = phrases.soon;
    showMore(true);
  }
}

function begin(seconds) {
  timers.forEach(clearTimeout);
  endsAt = Date.now() + 1000 * seconds;
  showMore(false);
  timers = [1000 * seconds - WARN_MILLISECONDS, 1000 * seconds].map((wait) => setTimeout(tell, Math.max(0, wait) + 50));
}

async function extend() {
  const body = new URLSearchParams({ extend: "1" });
  for (const name of ["csrf_token", "ticket"]) body.set(name, form.elements[name].value);
  const answer = await fetch(form.action, { method: "POST", body });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const ticket = page.getElementById("ticket");
  if (!answer.ok || !ticket) throw new Error(`no more time: ${answer.status}`);
  form.elements.ticket.value = ticket.value;
  more()?.remove();
  begin(Number(page.getElementById("fin").dataset.seconds));
  message.textContent = phrases.extended.replace("{time}", timeOfDay(endsAt));
}

// A click, not the form's submission: the form itself can be sent right after it.
more()?.addEventListener("click", (event) => {
  event.preventDefault();
  // Where that fails the form itself asks, and its page says why.
  extend().catch(() => {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "extend", value: "1" }));
    form.submit();
  });
});
document.addEventListener("visibilitychange", tell);
begin(Number(box.dataset.seconds));
