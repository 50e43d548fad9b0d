// One conversation: its texts, what may be done with them, and who it is with.
import { call, id } from "./api.js";
import { $, CLASSES, el, heldWords, speaker, threadName, when, windowWords } from "./words.js";

let shown = "", texts = "";

// Draws the thread where it differs from what is there, so that nobody loses a place or a half-written reason.
export function draw(thread, again) {
  const now = JSON.stringify({ ...thread, messages: 0 }), said = JSON.stringify(thread.messages);
  if (!shown) begin(thread);
  if (now !== shown) drawFacts(thread, again);
  shown = now;
  if (said === texts || $("messages").contains(document.activeElement)) return;
  texts = said;
  $("messages").replaceChildren(...thread.messages.map((one) => message(one, thread, again)));
}

export function close() {
  shown = texts = "";
  $("title").textContent = $("facts").textContent = "";
  $("messages").replaceChildren();
}

function drawFacts(thread, again) {
  $("title").textContent = threadName(thread);
  $("facts").textContent = [
    thread.sitter && thread.client && `with ${thread.sitter.name}`, CLASSES[thread.numberClass], thread.maskedNumber,
    `window: ${windowWords(thread.window)}`,
  ].filter(Boolean).join(" · ");
  $("person").replaceChildren(...about(thread, again));
  $("assignments").replaceChildren(...thread.assignments.map(assignment));
  $("history").hidden = thread.assignments.length === 0;
}

function begin(thread) {
  const people = [["client", thread.client], ["sitter", thread.sitter]].filter(([, person]) => person);
  $("to").replaceChildren(...people.map(([value, person]) => el("option", { value }, `${person.name} (${value})`)));
  $("reply").hidden = people.length === 0;
  $("reply").reset();
  $("reply-problem").textContent = "";
}

function about(thread, again) {
  const parts = [];
  if (thread.client) {
    const choice = el("select", {}, ...[["null", "as the bookings say"], ["true", "recurring"], ["false", "one-time"]].map(
      ([value, words]) => el("option", { value, selected: value === String(thread.isRecurringOverride) }, words)));
    choice.addEventListener("change", () => again(() => call("PUT", `clients/${id(thread.client.id)}`, { isRecurringOverride: JSON.parse(choice.value) })));
    parts.push(el("label", {}, "Client is ", choice));
  }
  if (thread.sitterLockedAt) {
    const unlock = el("button", { type: "button" }, "Unlock");
    unlock.addEventListener("click", () => again(() => call("POST", `sitters/${id(thread.sitter.id)}/unlock`)));
    parts.push(el("p", { className: "problem" }, `${thread.sitter.name}'s texts come to you since ${when(thread.sitterLockedAt)}. `, unlock));
  }
  return parts;
}

function message(one, thread, again) {
  const failed = ["failed", "undelivered"].includes(one.status) && !one.held;
  return el("li", { className: `message ${one.direction}${one.held ? " held" : ""}` },
    el("p", { className: "soft" }, `${speaker(one, thread)} · ${when(one.createdAt)}`),
    one.held && el("p", { className: "problem" }, heldWords(one.held)),
    el("p", { className: "body", dir: "auto" }, one.body),
    ...one.mediaUrls.filter((url) => /^https?:\/\//.test(url)).map((url, n) =>
      el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, `Picture ${n + 1}`)),
    (one.direction === "outbound" || failed) && el("p", { className: failed ? "problem" : "soft" }, one.status),
    one.reason && el("p", { className: "soft" }, one.reason),
    one.held && release(one, again));
}

function release(one, again) {
  const reason = el("input", { required: true, maxLength: 500, autocomplete: "off" });
  const problem = el("p", { role: "alert" });
  const button = el("button", { type: "submit" }, "Release");
  const form = el("form", {}, el("label", {}, "Why it may pass ", reason), button, problem);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await call("POST", `messages/${id(one.id)}/release`, { reason: reason.value });
      document.activeElement.blur();
      await again();
    } catch (error) {
      problem.textContent = error.message;
    } finally {
      button.disabled = false;
    }
  });
  return form;
}

function assignment({ from, to, at, reason }) {
  const change = from && to ? `${from.name} → ${to.name}` : to ? to.name : from ? `nobody (was ${from.name})` : "nobody";
  return el("li", {}, `${when(at)}: ${change}`, el("span", { className: "soft" }, reason ? ` ${reason}` : ""));
}
