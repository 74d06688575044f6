// What the fields for passwords gain with JavaScript: shown on request, rules that tick off, a word about Caps Lock.
const phrases = JSON.parse(document.getElementById("phrases").textContent);

function addShowButton(field) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-second";
  button.setAttribute("aria-controls", field.id);
  const name = document.querySelector(`label[for="${field.id}"]`)?.textContent ?? "";
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.textContent = shown ? phrases.hide : phrases.show;
    button.setAttribute("aria-label", `${button.textContent} – ${name}`);
    button.setAttribute("aria-pressed", String(shown));
  };
  button.addEventListener("click", () => show(field.type === "password"));
  // A browser must not take a shown password for an ordinary field whose past values it offers.
  field.form.addEventListener("submit", () => show(false));
  show(false);
  const row = document.createElement("div");
  row.className = "with-button";
  // On a slow line somebody may be typing in it already.
  const hadFocus = document.activeElement === field;
  field.replaceWith(row);
  row.append(field, button);
  if (hadFocus) field.focus();
}

function addCapsLockHint(field) {
  const hint = document.createElement("p");
  hint.className = "caps";
  hint.setAttribute("role", "status");
  field.closest(".field").append(hint);
  for (const kind of ["keydown", "keyup"]) {
    field.addEventListener(kind, (event) => {
      const on = event.getModifierState?.("CapsLock") ?? false;
      hint.textContent = on ? phrases.capsLock : "";
    });
  }
  field.addEventListener("blur", () => (hint.textContent = ""));
}

const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const valueOf = (id) => document.getElementById(id)?.value ?? "";
const RULES = {
  too_short: (text, list) => [...text].length >= Number(list.dataset.minLength),
  no_lower_case: (text) => /\p{Ll}/u.test(text),
  no_upper_case: (text) => /\p{Lu}/u.test(text),
  no_digit: (text) => /[0-9]/.test(text),
  no_special: (text) => /[^\p{L}\p{N}]/u.test(text),
  same_as_current: (text) => text !== valueOf("current_password"),
  contains_login: (text) => !valueOf("login") || !fold(text).includes(fold(valueOf("login"))),
};

const QUIET_MILLISECONDS = 800;

function tickRules(list) {
  const field = document.getElementById("new_password");
  const status = list.nextElementSibling;
  const items = [...list.querySelectorAll("[data-rule]")].filter((item) => RULES[item.dataset.rule]);
  let quiet = 0;
  const judge = () => {
    for (const item of items) {
      item.className = !field.value ? "" : RULES[item.dataset.rule](field.value, list) ? "kept" : "broken";
    }
    clearTimeout(quiet);
    // Screen readers announce the result when the person stops typing.
    quiet = setTimeout(() => {
      const kept = items.filter((item) => item.className === "kept").length;
      status.textContent = field.value ? phrases.rules.replace("{kept}", kept).replace("{all}", items.length) : "";
    }, QUIET_MILLISECONDS);
  };
  for (const id of ["new_password", "current_password", "login"]) {
    document.getElementById(id)?.addEventListener("input", judge);
  }
}

for (const field of document.querySelectorAll("input[type=password]")) {
  addShowButton(field);
  addCapsLockHint(field);
}
const list = document.querySelector("#regles ul");
if (list) tickRules(list);
