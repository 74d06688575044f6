// How hard a password is to guess, in percent: 10 000 000 000 guesses are 100 %. The browser runs it for the bars, and the
// server where a least strength is set, so that both say the same.
"use strict";

globalThis.estimateStrength = (() => {
  const { core, "language-common": common, "language-fr": french } = globalThis.zxcvbnts;
  const zxcvbn = new core.ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...french.dictionary },
    graphs: common.adjacencyGraphs,
  });
  const LONGEST = 128;
  return (password, login) => {
    const { guessesLog10 } = zxcvbn.check(password.slice(0, LONGEST), login ? [login] : []);
    return Math.min(100, Math.floor(10 * guessesLog10));
  };
})();
