// The owner's inbox: which part is shown, the list of conversations, and what is looked for again every few seconds.
import { call, id } from "./api.js";
import { begin, finish, forget, token } from "./sign_in.js";
import { close, draw } from "./thread.js";
import { $, CLASSES, el, setCurrent, threadName, when, windowWords } from "./words.js";

const EVERY_MS = 4000, PAGE = 50, MOST = 500;
let wanted = PAGE, list = "";

const place = () => {
  const [, kind, name] = location.hash.split("/");
  return kind === "threads" && name ? { view: "thread", name: decodeURIComponent(name) } : { view: kind === "backfills" ? kind : "list" };
};

function show(view) {
  document.body.dataset.view = view;
  $("welcome").hidden = view !== "welcome";
  $("inbox").hidden = $("sign-out").hidden = view === "welcome";
  $("nothing").hidden = view !== "list";
  $("thread").hidden = view !== "thread";
  $("backfills").hidden = view !== "backfills";
  setCurrent($("to-threads"), view !== "backfills");
  setCurrent($("to-backfills"), view === "backfills");
}

const say = (words) => { if ($("notice").textContent !== words) $("notice").textContent = words; };

function leave(words = "") {
  forget();
  list = "";
  close();
  $("threads").replaceChildren();
  show("welcome");
  say(words);
}

// Does something and tells the person where it fails; true: it went well.
async function tried(work) {
  try {
    await work();
    say("");
    return true;
  } catch (error) {
    if (error.status === 401) leave(error.message);
    else say(error.message);
    return false;
  }
}

async function readThreads() {
  const threads = [];
  let cursor = "";
  do {
    const page = await call("GET", `threads?limit=${PAGE}&cursor=${id(cursor)}`);
    threads.push(...page.threads);
    cursor = page.nextCursor || "";
  } while (cursor && threads.length < wanted);
  $("more").hidden = !cursor || threads.length >= MOST;
  const open = place().name, drawn = JSON.stringify([threads, open]);
  if (drawn === list) return;
  list = drawn;
  const focused = document.activeElement.closest("#threads a")?.hash;
  $("threads").replaceChildren(...threads.map((thread) => item(thread, open)));
  if (threads.length === 0) $("threads").append(el("li", { className: "soft" }, "Nobody has texted yet."));
  if (focused) [...$("threads").querySelectorAll("a")].find((link) => link.hash === focused)?.focus();
}

function item(thread, open) {
  const link = el("a", { href: `#/threads/${id(thread.id)}` },
    el("span", { className: "row" },
      el("span", { className: "who", dir: "auto" }, threadName(thread)),
      thread.held > 0 && el("span", { className: "badge held" }, `${thread.held} held`),
      thread.unreadCount > 0 && el("span", { className: "badge unread" }, `${thread.unreadCount} unread`),
      el("span", { className: "soft" }, when(thread.lastMessageAt))),
    el("span", { className: "row soft" },
      thread.numberClass && el("span", { className: "badge" }, CLASSES[thread.numberClass] || thread.numberClass),
      thread.client && thread.sitter && el("span", {}, thread.sitter.name),
      el("span", {}, `window: ${windowWords(thread.window)}`)),
    el("span", { className: "soft last", dir: "auto" }, thread.lastMessage || "Nothing was said yet."));
  setCurrent(link, thread.id === open);
  return el("li", {}, link);
}

async function readThread(name) {
  const thread = await call("GET", `threads/${id(name)}`);
  if (place().name !== name) return;
  draw(thread, async (work) => tried(async () => {
    if (work) await work();
    await readThread(name);
    await readThreads();
  }));
  if (thread.unreadCount > 0) await call("POST", `threads/${id(name)}/read`);
}

async function readRuns() {
  const { runs } = await call("GET", "backfills");
  $("runs").replaceChildren(...runs.map(run));
  if (runs.length === 0) $("runs").append(el("p", {}, "No backfill has run yet."));
}

function run(one) {
  const counts = Object.entries(one.counts).map(([label, value]) => `${label}: ${value}`).join(" · ");
  const kind = [one.action, one.dryRun ? "dry run" : "for real", one.status].join(", ");
  return el("section", { className: "run" },
    el("h3", {}, one.backfill), el("p", {}, kind),
    el("progress", { max: 100, value: one.percent, "aria-label": `${one.backfill}: ${one.percent} %` }),
    el("p", { className: "soft" }, `${one.percent} % · ${one.rowsPerSecond} rows a second${one.secondsLeft ? ` · ${one.secondsLeft} s left` : ""}`),
    el("p", { className: "soft" }, counts));
}

// What is open first: reading it is what makes it read in the list.
async function refresh() {
  const { view, name } = place();
  try {
    if (view === "thread") await readThread(name);
    if (view === "backfills") await readRuns();
  } finally {
    await readThreads();
  }
}

async function turn() {
  if (!token()) return leave();
  const { view } = place();
  close();
  show(view);
  await tried(refresh);
  if (document.body.dataset.view !== view || view === "list") return;
  document.querySelector(`#${view} h2`).focus({ preventScroll: true });
  if (view === "thread") $("reply").scrollIntoView({ block: "end" });
  else scrollTo(0, 0);
}

$("reply").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.submitter, { name } = place();
  button.disabled = true;
  try {
    await call("POST", `threads/${id(name)}/messages`, { body: $("body").value, to: $("to").value });
    $("body").value = $("reply-problem").textContent = "";
    await tried(refresh);
  } catch (error) {
    $("reply-problem").textContent = error.message;
  } finally {
    button.disabled = false;
  }
});
$("sign-in").addEventListener("click", () => tried(begin));
$("sign-out").addEventListener("click", () => leave());
$("more").addEventListener("click", () => { wanted += PAGE; tried(refresh); });
addEventListener("hashchange", turn);
setInterval(() => { if (token() && !document.hidden) tried(refresh); }, EVERY_MS);
if (await tried(finish)) await turn();
else show("welcome");
