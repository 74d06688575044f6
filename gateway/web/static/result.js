// Follows the password to the workstation without reloading the page.
"use strict";

const list = document.getElementById("cibles");
const refresh = document.getElementById("actualiser");
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15000;

async function follow(pause) {
  const answer = await fetch(list.dataset.source).catch(() => null);
  const state = answer && answer.ok ? await answer.json() : { waiting: answer === null };
  if (state.html && state.html !== list.innerHTML) list.innerHTML = state.html;
  if (state.waiting) setTimeout(follow, pause, Math.min(pause * 1.5, LONGEST_PAUSE));
  else refresh.hidden = true;
}

follow(FIRST_PAUSE);
