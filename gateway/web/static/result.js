// Follows the password to the workstation without reloading the page: heading, states and next step change together.
"use strict";

const result = document.getElementById("resultat");
const announcement = document.getElementById("annonce");
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15000;
const GONE = 410;
const heading = () => result.querySelector("h1").textContent;
const academy = document.title.slice(heading().length);

// Where the focus was, it stays: on the link of the same address, else on the heading, which is then read.
function exchange(html) {
  const focused = result.contains(document.activeElement) ? document.activeElement : null;
  const address = focused && focused.getAttribute("href");
  result.innerHTML = html;
  if (!focused) return false;
  const same = [...result.querySelectorAll("a")].find((link) => link.getAttribute("href") === address);
  (same || result.querySelector("h1")).focus();
  return !same;
}

function show(state) {
  result.dataset.state = state.state;
  const isRead = exchange(state.html);
  document.title = heading() + academy;
  if (!isRead) announcement.textContent = `${heading()}. ${result.querySelector(".next-step").textContent}`;
}

async function follow(pause) {
  const answer = await fetch(result.dataset.source).catch(() => null);
  const state = answer && answer.ok ? await answer.json() : null;
  if (state && state.state !== result.dataset.state) show(state);
  const isOver = state ? !state.waiting : answer !== null && answer.status === GONE;
  if (!isOver) setTimeout(follow, pause, Math.min(pause * 1.5, LONGEST_PAUSE));
}

follow(FIRST_PAUSE);
