// Finds words in the questions and their answers, whatever their case, accents and kind of hyphen.
"use strict";

// U+2010 is what becomes of a non-breaking hyphen.
const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").replaceAll("\u2010", "-").toLowerCase();
const search = document.getElementById("recherche");
const result = document.getElementById("recherche-resultat");
const sections = [...document.querySelectorAll("main section")];
const texts = sections.map((section) => fold(section.innerText));
const links = [...document.querySelectorAll(".contents li")];

search.closest("form").classList.add("ready");
search.addEventListener("input", () => {
  const words = fold(search.value).split(/\s+/).filter(Boolean);
  let found = 0;
  sections.forEach((section, place) => {
    const fits = words.every((word) => texts[place].includes(word));
    section.hidden = links[place].hidden = !fits;
    found += fits;
  });
  const { none, one, many } = result.dataset;
  result.textContent = words.length ? [none, one][found] ?? many.replace("{number}", found) : "";
});
search.closest("form").addEventListener("submit", (event) => event.preventDefault());
