// How hard a password is to guess, in percent: 10 000 000 000 guesses are 100 %. The browser's worker runs it for the
// bars, and the server where a least strength is set, with the same word lists, so that both say the same.
"use strict";

// Returns the function that judges; `lists` are those of wordlists/build.mjs.
globalThis.strengthEstimator = (lists) => {
  // Each word is a capital that counts the letters it shares with the one before (A: none), and its other letters.
  const unpacked = (text) => {
    let word = "";
    return text.split(/(?=[A-Z])/).map((part) => (word = word.slice(0, part.charCodeAt(0) - 65) + part.slice(1)));
  };
  const zxcvbn = new globalThis.zxcvbnts.core.ZxcvbnFactory({
    dictionary: lists.sequences,
    graphs: lists.graphs,
    // Most of the time goes into these; 100, the default, takes four times as long and judges 1 % otherwise.
    l33tMaxSubstitutions: 20,
  });
  const ranks = {};
  let longestWord = 0;
  for (const [rank, text] of lists.words) {
    for (const word of unpacked(text)) {
      ranks[word] = rank;
      longestWord = Math.max(longestWord, word.length);
    }
  }
  // Its own lists rank a word by its place alone.
  zxcvbn.options.rankedDictionaries.words = ranks;
  zxcvbn.options.rankedDictionariesMaxWordSize.words = longestWord;
  // The time grows faster than the square of the length, and 40 characters of any use are 100 % already.
  const LONGEST = 40;
  // Who guesses tries a word with each year and sign around it early on: those add to the word this much, at most.
  const AROUND_A_WORD_LOG10 = 3;
  return (password, typedLogin) => {
    // An academic address is a login too.
    const login = (typedLogin ?? "").trim().split("@")[0];
    const guesses = (text) => zxcvbn.check(text, login ? [login] : []).guessesLog10;
    const all = password.slice(0, LONGEST);
    const word = all.replace(/^[\P{L}]+|[\P{L}]+$/gu, "");
    const log10 = word ? Math.min(guesses(all), guesses(word) + AROUND_A_WORD_LOG10) : guesses(all);
    return Math.min(100, Math.floor(10 * log10));
  };
};
