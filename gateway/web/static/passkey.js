// Makes a passkey, or lets one prove who the person is; the browser's answer is sent with the form.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const message = document.getElementById("passkey-message");
const create = document.getElementById("passkey-create");
const get = document.getElementById("passkey-get");

const read = (element) => {
  const options = JSON.parse(element.textContent);
  options.challenge = bytes(options.challenge);
  return options;
};
const withBytes = (list = []) => list.map((one) => ({ ...one, id: bytes(one.id) }));
const named = (credential, response) =>
  JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });

async function made() {
  const options = read(create);
  options.user.id = bytes(options.user.id);
  options.excludeCredentials = withBytes(options.excludeCredentials);
  const credential = await navigator.credentials.create({ publicKey: options });
  const { clientDataJSON, attestationObject } = credential.response;
  return named(credential, { clientDataJSON: text(clientDataJSON), attestationObject: text(attestationObject) });
}

async function proved() {
  const options = read(get);
  options.allowCredentials = withBytes(options.allowCredentials);
  const credential = await navigator.credentials.get({ publicKey: options });
  const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response;
  return named(credential, {
    clientDataJSON: text(clientDataJSON),
    authenticatorData: text(authenticatorData),
    signature: text(signature),
    userHandle: userHandle ? text(userHandle) : null,
  });
}

const knowsPasskeys = () => Boolean(window.PublicKeyCredential);
// Elsewhere than at the site's own address, which `failed` names, a browser may know none for that reason alone.
const why = () => (!knowsPasskeys() && message.dataset.absent) || message.dataset.failed;

// Listens in the capturing phase: the form counts as sent only when the answer is in it (form.js).
function answering(form, ask, prepare = () => true) {
  let isAsking = false;
  form.querySelector(".needs-script")?.classList.add("ready");
  form.addEventListener(
    "submit",
    async (event) => {
      if (event.submitter?.name === "leave" || form.elements.answer.value) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      // A second question would end the first one, to which the person is just answering.
      if (isAsking) return;
      message.textContent = "";
      if (knowsPasskeys() && !prepare()) return;
      isAsking = true;
      try {
        form.elements.answer.value = await ask();
      } catch {
        message.textContent = why();
        return;
      } finally {
        isAsking = false;
      }
      form.requestSubmit();
    },
    true,
  );
  form.querySelector("button:not([name])").disabled = false;
}

if (create) answering(document.getElementById("service"), made);
if (get) {
  const form = get.closest("form");
  const login = document.getElementById("login");
  form.hidden = false;
  answering(form, proved, () => {
    if (!login) return true;
    form.elements.login.value = login.value;
    if (!login.value.trim()) login.focus();
    return Boolean(login.value.trim());
  });
}
