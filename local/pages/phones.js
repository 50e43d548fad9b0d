// Shows what arrives on each phone, sends what is typed, and speaks for the booking system.
const numbers = new Set(), phones = new Map();
let shown = "", frontDesk = "", number = "";

function el(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

async function post(path, body = {}) {
  const answer = await fetch(`phones/${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  return answer.status === 204 ? {} : answer.json();
}

function phone({ name, role, phone: own }) {
  const texts = el("ol", { ariaLabel: `Texts of ${name}` }), to = el("select"), body = el("input", { placeholder: "Text", ariaLabel: `${name} writes`, required: true });
  const form = el("form", {}, el("label", {}, "To ", to), body, el("button", { type: "submit" }, "Send"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const words = body.value;
    body.value = "";
    await post("texts", { from: own, to: to.value, body: words });
    await look();
  });
  const section = el("section", { className: "phone", ariaLabel: `${name}, ${role}` },
    el("header", {}, el("h2", {}, `${name}, ${role}`), el("span", { className: "soft" }, own)), texts, form);
  document.getElementById("phones").append(section);
  phones.set(own, { texts, to });
}

function offer({ to }) {
  const chosen = to.value || number || frontDesk;
  to.replaceChildren(...[...numbers].map((one) => el("option", { value: one }, one === frontDesk ? `${one}, desk` : one)));
  to.value = chosen;
}

function draw(state) {
  frontDesk = state.frontDesk;
  if (phones.size === 0) state.people.forEach(phone);
  const own = new Set(phones.keys()), before = numbers.size;
  numbers.add(frontDesk);
  state.texts.forEach(({ from, to }) => { for (const one of [from, to]) if (!own.has(one)) numbers.add(one); });
  if (number) numbers.add(number);
  if (numbers.size !== before) phones.forEach(offer);
  phones.forEach(({ texts }, e164) => {
    const mine = state.texts.filter((text) => (text.said ? text.from : text.to) === e164);
    texts.replaceChildren(...mine.map((text) => el("li", { className: `text ${text.said ? "said" : ""}` },
      el("div", { className: "soft" }, text.said ? `to ${text.to}` : `from ${text.from}`), text.body)));
    texts.scrollTop = texts.scrollHeight;
  });
}

async function look() {
  const state = await fetch("phones/state").then((answer) => answer.json()).catch(() => null);
  const now = JSON.stringify([state, number]);
  if (!state || now === shown) return;
  shown = now;
  draw(state);
}

const say = (words) => { document.getElementById("said").textContent = words; };

async function book(kind) {
  const { status, outcome, reason, sitter, number: masked } = await post("bookings", { kind });
  const off = reason === "flag_off";
  document.getElementById("switch-on").hidden = !off;
  say(`The booking system was answered ${status}: ${outcome}${reason ? `, ${reason}` : ""}. Sitter: ${sitter}.${masked ? ` Jane and ${sitter} text each other through ${masked}.` : ""}`);
  if (masked) {
    number = masked;
    numbers.add(masked);
    phones.forEach((one) => { offer(one); if (one !== phones.get("+15550109999")) one.to.value = masked; });
  }
  await look();
  return !off;
}

document.querySelectorAll("[data-kind]").forEach((button) => button.addEventListener("click", () => book(button.dataset.kind)));
document.getElementById("switch-on").addEventListener("click", async (event) => {
  event.target.disabled = true;
  await post("switch-on");
  while (!(await book("assign"))) {
    say("Switched on; the functions see it within half a minute.");
    await new Promise((go) => setTimeout(go, 2000));
  }
  event.target.disabled = false;
});
await look();
setInterval(look, 1000);
