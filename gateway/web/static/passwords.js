// What the fields for passwords gain with JavaScript: shown on request, and a word about Caps Lock.
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
      const text = (event.getModifierState?.("CapsLock") ?? false) ? phrases.capsLock : "";
      // What is written makes the browser lay the page out again.
      if (hint.textContent !== text) hint.textContent = text;
    });
  }
  field.addEventListener("blur", () => (hint.textContent = ""));
}

for (const field of document.querySelectorAll("input[type=password]")) {
  addShowButton(field);
  addCapsLockHint(field);
}
