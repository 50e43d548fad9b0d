// One conversation: its texts, what may be done with them, and who it is with.
import { call, id } from "./api.js";
import { $, apart, CLASSES, el, fill, heldWords, speaker, threadName, when, windowWords } from "./words.js";

let shown = "", texts = [], before = "", open = null, refresh = null;

// Draws the thread where it differs from what is there, so that nobody loses a place or a half-written reason.
export function draw(thread, again) {
  const facts = JSON.stringify([{ ...thread, messages: 0, nextCursor: 0 }, windowWords(thread.window)]);
  const news = shown ? thread.messages.filter((one) => one.direction === "inbound" && !texts.some((text) => text.id === one.id)) : [];
  if (!shown) $("reply-problem").textContent = "";
  [open, refresh] = [thread, again];
  if (facts !== shown) drawFacts();
  shown = facts;
  take(thread);
  drawTexts();
  if (news.length) $("news").textContent = news.map((one) => `${speaker(one, thread)}: ${one.body}`).join(". ");
}

// The newest texts again; the earlier ones that were read stay, unless what lies between was never read.
function take({ messages, nextCursor }) {
  const met = texts.findIndex((text) => text.id === messages[0]?.id);
  if (met <= 0) before = nextCursor || "";
  texts = [...texts.slice(0, Math.max(met, 0)), ...messages];
}

export async function readEarlier() {
  const asked = before, name = open.id;
  const page = await call("GET", `threads/${id(name)}?limit=50&cursor=${id(asked)}`);
  if (asked !== before || open?.id !== name) return;
  texts = [...page.messages, ...texts];
  before = page.nextCursor || "";
  const pane = $("content"), below = pane.scrollHeight - pane.scrollTop;
  drawTexts();
  pane.scrollTop = pane.scrollHeight - below;
  if (!before) $("messages").firstElementChild.focus({ preventScroll: true });
}

export function close() {
  [shown, texts, before, open] = ["", [], "", null];
  $("title").textContent = $("facts").textContent = $("news").textContent = "";
  for (const name of ["messages", "to", "person", "assignments"]) $(name).replaceChildren();
}

// Whoever reads the end goes on seeing the end.
function drawTexts() {
  const pane = $("content"), atEnd = pane.scrollHeight - pane.scrollTop - pane.clientHeight < 60;
  $("earlier").hidden = !before;
  fill($("messages"), texts.map((one) => [`text-${one.id}`, [one, when(one.createdAt)], () => message(one)]));
  if (atEnd) pane.scrollTop = pane.scrollHeight;
}

function drawFacts() {
  $("title").textContent = threadName(open);
  $("facts").textContent = [
    open.sitter && open.client && `with ${apart(open.sitter.name)}`, CLASSES[open.numberClass], open.maskedNumber,
    `window: ${windowWords(open.window)}`,
  ].filter(Boolean).join(" · ");
  drawRecipients();
  $("person").replaceChildren(...about(open));
  $("assignments").replaceChildren(...open.assignments.map(assignment));
  $("history").hidden = open.assignments.length === 0;
}

// Who can be answered, by the names that they have now: a sitter may have changed while the conversation is open.
function drawRecipients() {
  const people = [["client", open.client], ["sitter", open.sitter]].filter(([, person]) => person), chosen = $("to").value;
  $("to").replaceChildren(...people.map(([value, person]) =>
    el("option", { value, selected: value === chosen }, `${apart(person.name)} (${value})`)));
  $("reply").hidden = people.length === 0;
}

function about(thread) {
  const parts = [];
  if (thread.client) {
    const choice = el("select", {}, ...[["null", "as the bookings say"], ["true", "recurring"], ["false", "one-time"]].map(
      ([value, words]) => el("option", { value, selected: value === String(thread.isRecurringOverride) }, words)));
    choice.addEventListener("change", () => refresh(() => call("PUT", `clients/${id(thread.client.id)}`, { isRecurringOverride: JSON.parse(choice.value) })));
    parts.push(el("label", {}, "Client is ", choice));
  }
  if (thread.sitterLockedAt) {
    const unlock = el("button", { type: "button" }, "Unlock");
    unlock.addEventListener("click", () => refresh(() => call("POST", `sitters/${id(thread.sitter.id)}/unlock`)));
    parts.push(el("p", { className: "problem" }, `${apart(thread.sitter.name)}'s texts come to you since ${when(thread.sitterLockedAt)}. `, unlock));
  }
  return parts;
}

function message(one) {
  const failed = ["failed", "undelivered"].includes(one.status) && !one.held;
  return el("li", { className: `message ${one.direction}${one.held ? " held" : ""}`, tabIndex: -1 },
    el("p", { className: "soft" }, `${apart(speaker(one, open))} · ${when(one.createdAt)}`),
    one.held && el("p", { className: "problem" }, heldWords(one.held)),
    el("p", { className: "body", dir: "auto" }, one.body),
    ...one.mediaUrls.filter((url) => /^https?:\/\//.test(url)).map((url, n) =>
      el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, `Picture ${n + 1}`)),
    (one.direction === "outbound" || failed) && el("p", { className: failed ? "problem" : "soft" }, one.status),
    one.reason && el("p", { className: "soft" }, one.reason),
    one.held && release(one));
}

function release(one) {
  const reason = el("input", { required: true, maxLength: 500, autocomplete: "off" });
  const problem = el("p", { role: "alert" });
  const button = el("button", { type: "submit" }, "Release");
  const form = el("form", {}, el("label", {}, "Why it may pass ", reason), button, problem);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    try {
      await call("POST", `messages/${id(one.id)}/release`, { reason: reason.value });
      texts = texts.map((text) => (text.id === one.id ? { ...text, held: null, status: "received" } : text));
      drawTexts();
      await refresh();
      $("news").textContent = "Released.";
      document.getElementById(`text-${one.id}`)?.focus({ preventScroll: true });
    } catch (error) {
      problem.textContent = error.message;
    } finally {
      button.disabled = false;
    }
  });
  return form;
}

function assignment({ from, to, at, reason }) {
  const [former, latter] = [from, to].map((sitter) => sitter && apart(sitter.name));
  const change = former && latter ? `${former} → ${latter}` : latter || (former ? `nobody (was ${former})` : "nobody");
  return el("li", {}, `${when(at)}: ${change}`, el("span", { className: "soft" }, reason ? ` · ${reason.replace(/[._]/g, " ")}` : ""));
}
