// The rules beside the new password, judged while somebody types, as far as the page can know: a rule that only the
// server can judge is neither kept nor broken here.
const { rulesKept, rulesLater, rulesOthersLater, rulesBroken, rulesBetween } = JSON.parse(
  document.getElementById("phrases").textContent,
);
// No key waits for the rules: they are judged a moment after it.
const PAUSE_MILLISECONDS = 100;
const QUIET_MILLISECONDS = 800;
// As the server has it: shorter parts of a login may be in a password.
const MIN_PART_CHARS = 3;

const LIGATURES = { œ: "oe", æ: "ae", ß: "ss", ø: "o", ł: "l", đ: "d", ı: "i" };
// Plain lower-case letters and digits: what is left of two spellings of one name is equal.
const normalized = (text) =>
  text
    .toLowerCase()
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[œæßøłđı]/g, (letter) => LIGATURES[letter])
    .replace(/[^a-z0-9]/g, "");
const contains = (text, part) =>
  normalized(part).length >= MIN_PART_CHARS && normalized(text).includes(normalized(part));

const valueOf = (id) => document.getElementById(id)?.value ?? "";
let percent = null;

// True: kept; false: broken; null: not known here.
const RULES = {
  too_short: (text, list) => [...text].length >= Number(list.dataset.minLength),
  no_lower_case: (text) => /\p{Ll}/u.test(text),
  no_upper_case: (text) => /\p{Lu}/u.test(text),
  no_digit: (text) => /[0-9]/.test(text),
  no_special: (text) => /[^\p{L}\p{N}]/u.test(text),
  // Whoever resets a password has typed no current one.
  same_as_current: (text) => (valueOf("current_password") ? text !== valueOf("current_password") : null),
  contains_login: (text) => {
    const login = valueOf("login").trim();
    if (contains(text, login)) return false;
    // Who types an academic address has a login that the page does not know.
    return login && !login.includes("@") ? true : null;
  },
  too_weak: (text, list) => (percent === null ? null : percent >= Number(list.dataset.minStrength)),
};

const CLASSES = new Map([[true, "kept"], [false, "broken"], [null, ""]]);
// "one" or "other", as the language counts.
const plurals = new Intl.PluralRules(document.documentElement.lang);
const counted = (phrases, count) => phrases[plurals.select(count) === "one" ? 0 : 1].replace("{count}", count);

function inWords(items) {
  const broken = items.filter((item) => item.className === "broken");
  const kept = items.filter((item) => item.className === "kept").length;
  const later = items.length - kept - broken.length;
  const count = counted(rulesKept, kept).replace("{all}", items.length);
  const rest = later ? counted(broken.length ? rulesLater : rulesOthersLater, later) : "";
  const names = broken.map((item) => item.textContent.trim()).join(rulesBetween);
  return { count: `${count}${rest}.`, missing: names && rulesBroken.replace("{rules}", names) };
}

function followRules(list) {
  const field = document.getElementById("new_password");
  const items = [...list.querySelectorAll("[data-rule]")];
  const [seen, announced] = document.querySelectorAll("#regles [data-count]");
  let pause = 0;
  let quiet = 0;
  const judge = () => {
    clearTimeout(pause);
    list.removeAttribute("aria-busy");
    for (const item of items) {
      const name = CLASSES.get((field.value && RULES[item.dataset.rule]?.(field.value, list)) ?? null) ?? "";
      // What is written makes the browser lay the page out again.
      if (item.className !== name) item.className = name;
    }
    const { count, missing } = inWords(items);
    const next = field.value ? count : "";
    if (seen.textContent !== next) seen.textContent = next;
    clearTimeout(quiet);
    // Screen readers are told when the person stops typing.
    quiet = setTimeout(() => {
      announced.textContent = field.value ? [count, missing].filter(Boolean).join(" ") : "";
    }, QUIET_MILLISECONDS);
  };
  for (const id of ["new_password", "current_password", "login"]) {
    document.getElementById(id)?.addEventListener("input", () => {
      clearTimeout(pause);
      list.setAttribute("aria-busy", "true");
      pause = setTimeout(judge, PAUSE_MILLISECONDS);
    });
  }
  const followsBar = items.some((item) => item.dataset.rule === "too_weak");
  document.addEventListener("judged", ({ detail }) => {
    if (!followsBar || detail.field !== "new_password") return;
    percent = detail.percent;
    judge();
  });
  if (field.value) judge();
}

const list = document.querySelector("#regles ul");
if (list) followRules(list);
