// Makes the word lists of the strength meter from those of the npm packages: node build.mjs FILE [--most N | --whole]
//
// The full lists are 520 kB compressed: 18 s on a slow line. These have the words that people choose most, in one list
// without repetitions, and say how frequent each word is in steps instead of by its place. How often both judge alike,
// for several sizes, is in docs/benchmarks.md. The bar and the server use the same file.
import { writeFileSync } from "node:fs";
import { adjacencyGraphs as graphs, dictionary as common } from "@zxcvbn-ts/language-common";
import { dictionary as french } from "@zxcvbn-ts/language-fr";

const [file, ...options] = process.argv.slice(2);
const whole = options.includes("--whole");
// Words of each list that is ordered by frequency.
const MOST = whole ? Infinity : Number(options[options.indexOf("--most") + 1] ?? NaN) || 7000;
const BY_FREQUENCY = ["passwords-common", "commonWords-fr", "wikipedia-fr"];
// These are in the order of the alphabet, so they are taken whole.
const BY_ALPHABET = ["firstnames-fr", "lastnames-fr", "diceware-common"];
// A step is a quarter of a power of ten: the percentage changes by 1.25 at most.
const STEPS_PER_POWER = whole ? 1000 : 4;
// A word is kept if it is found in this many times fewer guesses than its letters would be, as a power of ten.
const LEAST_GAIN = whole ? -Infinity : 0.5;
const LONGEST_PREFIX = 25;

const all = { ...common, ...french };

// The rank of a word is its best place in any list, also in one that is cut before it.
function ranks() {
  const best = new Map();
  for (const list of [...BY_FREQUENCY, ...BY_ALPHABET]) {
    all[list].forEach((word, place) => best.set(word, Math.min(place + 1, best.get(word) ?? Infinity)));
  }
  const kept = new Set(BY_ALPHABET.flatMap((list) => all[list]));
  for (const list of BY_FREQUENCY) for (const word of all[list].slice(0, MOST)) kept.add(word);
  return [...kept].map((word) => [word, best.get(word)]);
}

// Sorted, each word as a capital that counts the letters it shares with the one before (A: none), and the others.
function packed(words) {
  let before = "";
  let text = "";
  for (const word of words.sort()) {
    let shared = 0;
    while (shared < LONGEST_PREFIX && shared < word.length && word[shared] === before[shared]) shared += 1;
    text += String.fromCharCode(65 + shared) + word.slice(shared);
    before = word;
  }
  return text;
}

const steps = new Map();
for (const [word, rank] of ranks()) {
  if (/[A-Z]/.test(word)) throw new Error(`a capital in a list: ${word}`);
  if (word.length - Math.log10(rank) < LEAST_GAIN) continue;
  const step = Math.floor(Math.log10(rank) * STEPS_PER_POWER + 1e-9);
  steps.set(step, [...(steps.get(step) ?? []), word]);
}
// Ordinary names of months, numbers and so on, which form sequences.
const sequences = Object.fromEntries(
  Object.entries(all).filter(([list]) => !BY_FREQUENCY.includes(list) && !BY_ALPHABET.includes(list)),
);
const words = [...steps.keys()]
  .sort((one, other) => one - other)
  // In the middle of its step.
  .map((step) => [Math.round(10 ** ((step + 0.5) / STEPS_PER_POWER) * 10) / 10, packed(steps.get(step))]);
writeFileSync(file, JSON.stringify({ graphs, sequences, words }));
