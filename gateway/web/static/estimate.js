// How hard a password is to guess, in percent: 10 000 000 000 guesses are 100 %. The browser runs it for the bars, and the
// server where a least strength is set, so that both say the same.
"use strict";

globalThis.estimateStrength = (() => {
  const { core, "language-common": common, "language-fr": french } = globalThis.zxcvbnts;
  const zxcvbn = new core.ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...french.dictionary },
    graphs: common.adjacencyGraphs,
    // Most of the time goes into these; 100, the default, takes four times as long and judges 1 % otherwise.
    l33tMaxSubstitutions: 20,
  });
  // The time grows faster than the square of the length, and 40 characters of any use are 100 % already.
  const LONGEST = 40;
  // Who guesses tries a word with each year and sign around it early on: those add to the word this much, at most.
  const AROUND_A_WORD_LOG10 = 3;
  return (password, login) => {
    const guesses = (text) => zxcvbn.check(text, login ? [login] : []).guessesLog10;
    const all = password.slice(0, LONGEST);
    const word = all.replace(/^[\P{L}]+|[\P{L}]+$/gu, "");
    const log10 = word ? Math.min(guesses(all), guesses(word) + AROUND_A_WORD_LOG10) : guesses(all);
    return Math.min(100, Math.floor(10 * log10));
  };
})();
