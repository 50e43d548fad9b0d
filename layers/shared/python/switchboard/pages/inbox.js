// The owner's inbox: which part is shown, the list of conversations, and what is looked for again every few seconds.
import { call, id } from "./api.js";
import { begin, finish, forget, token } from "./sign_in.js";
import { close, draw, readEarlier } from "./thread.js";
import { $, CLASSES, el, fill, leftWords, plural, setCurrent, threadName, when, windowWords } from "./words.js";

const EVERY_MS = 4000, PAGE = 50, MOST_CHARACTERS = 1600;
const drafts = new Map();
let threads = [], after = "", runs = [], runsAfter = "", shownName = "", lasting = "";

function place() {
  const [, kind, name] = location.hash.split("/");
  try {
    if (kind === "threads" && name) return { view: "thread", name: decodeURIComponent(name) };
  } catch { /* an address that nobody wrote for us: the list */ }
  return { view: kind === "backfills" ? kind : "list" };
}

function show(view) {
  document.body.dataset.view = view;
  $("welcome").hidden = view !== "welcome";
  $("inbox").hidden = $("sign-out").hidden = view === "welcome";
  $("nothing").hidden = view !== "list";
  $("thread").hidden = true;
  $("backfills").hidden = view !== "backfills";
  setCurrent($("to-threads"), view !== "backfills");
  setCurrent($("to-backfills"), view === "backfills");
}

const say = (words) => { if ($("notice").textContent !== words) $("notice").textContent = words; };

function leave(words = "") {
  forget();
  keepDraft();
  [threads, runs] = [[], []];
  close();
  $("threads").replaceChildren();
  $("runs").replaceChildren();
  $("body").value = "";
  show("welcome");
  say(words);
}

// A half-written answer outlasts a look at another conversation, and signing in again.
function keepDraft() {
  if (shownName) drafts.set(shownName, $("body").value);
  shownName = "";
}

// Does something and tells the person where it fails; true: it went well. Who may not, or may no more, is asked to sign in:
// a page that goes on asking would look like webhooks being refused.
async function tried(work) {
  try {
    await work();
    say(lasting);
    return true;
  } catch (error) {
    if ([401, 403].includes(error.status)) leave(error.message);
    else say(error.message);
    return false;
  }
}

// What was read behind a page that was read again. It stays, unless so much is new that what lies between never was read.
function behind(known, page, name, at) {
  const fresh = new Set(page.map((one) => one[name])), last = page.at(-1);
  const met = known.findIndex((one) => one[name] === last?.[name] && one[at] === last[at]);
  return met < 0 ? [] : known.slice(met + 1).filter((one) => !fresh.has(one[name]));
}

async function readThreads() {
  const page = await call("GET", `threads?limit=${PAGE}`);
  const rest = page.nextCursor ? behind(threads, page.threads, "id", "lastMessageAt") : [];
  if (rest.length === 0) after = page.nextCursor || "";
  threads = [...page.threads, ...rest];
  drawThreads();
}

async function readMore() {
  const asked = after, page = await call("GET", `threads?limit=${PAGE}&cursor=${id(asked)}`);
  if (asked !== after) return;
  const known = new Set(threads.map((thread) => thread.id)), more = page.threads.filter((thread) => !known.has(thread.id));
  threads.push(...more);
  after = page.nextCursor || "";
  drawThreads();
  if (more.length) document.getElementById(`thread-${more[0].id}`).querySelector("a").focus();
}

function drawThreads() {
  const open = place().name;
  $("more").hidden = !after;
  fill($("threads"), threads.map((thread) => {
    const words = [windowWords(thread.window), when(thread.lastMessageAt)];
    return [`thread-${thread.id}`, [thread, words, thread.id === open], () => item(thread, ...words, thread.id === open)];
  }));
  $("silence").hidden = threads.length > 0;
}

function item(thread, windowed, said, current) {
  const link = el("a", { href: `#/threads/${id(thread.id)}` },
    el("span", { className: "row" },
      el("span", { className: "who", dir: "auto" }, threadName(thread)),
      thread.held > 0 && el("span", { className: "badge held" }, `${thread.held} held`),
      thread.unreadCount > 0 && el("span", { className: "badge unread" }, `${thread.unreadCount} unread`),
      el("span", { className: "soft" }, said)),
    el("span", { className: "row soft" },
      thread.numberClass && el("span", { className: "badge" }, CLASSES[thread.numberClass] || thread.numberClass),
      thread.client && thread.sitter && el("span", { className: "long", dir: "auto" }, thread.sitter.name),
      el("span", {}, `window: ${windowed}`)),
    el("span", { className: "soft last", dir: "auto" }, thread.lastMessage === "" ? "A picture" : thread.lastMessage ?? "Nothing was said yet."));
  setCurrent(link, current);
  return el("li", {}, link);
}

async function readThread(name) {
  const thread = await call("GET", `threads/${id(name)}?limit=${PAGE}`).catch((error) => {
    if (error.status === 404 && place().name === name) {
      history.replaceState(null, "", "#/");
      lasting = error.message;
      show("list");
    }
    throw error;
  });
  if (place().name !== name) return;
  $("thread").hidden = false;
  if (shownName !== name) {
    shownName = name;
    $("body").value = drafts.get(name) || "";
    count();
  }
  draw(thread, async (work) => tried(async () => {
    if (work) await work();
    await readThread(name);
    await readThreads();
  }));
  if (thread.unreadCount > 0) await call("POST", `threads/${id(name)}/read`);
  const listed = threads.find((one) => one.id === name);
  if (listed) Object.assign(listed, { unreadCount: 0, held: thread.held, window: thread.window });
}

async function readRuns() {
  const page = await call("GET", "backfills");
  const rest = page.nextCursor ? behind(runs, page.runs, "runId", "startedAt") : [];
  if (rest.length === 0) runsAfter = page.nextCursor || "";
  runs = [...page.runs, ...rest];
  drawRuns();
}

async function readEarlierRuns() {
  const asked = runsAfter, page = await call("GET", `backfills?cursor=${id(asked)}`);
  if (asked !== runsAfter) return;
  runs.push(...page.runs);
  runsAfter = page.nextCursor || "";
  drawRuns();
}

function drawRuns() {
  fill($("runs"), runs.map((one) => [`run-${one.runId}`, one, () => run(one)]));
  $("no-runs").hidden = runs.length > 0;
  $("earlier-runs").hidden = !runsAfter;
}

function run(one) {
  const counts = Object.entries(one.counts).filter(([, value]) => value).map(([label, value]) => `${label}: ${value.toLocaleString("en")}`);
  const pace = [`${one.percent} %`, one.endedAt ? `ended ${when(one.endedAt)}` : plural(one.rowsPerSecond, "row") + " a second"];
  if (!one.endedAt && one.secondsLeft) pace.push(leftWords(one.secondsLeft));
  return el("section", { className: "run" },
    el("h3", {}, one.backfill),
    el("p", {}, [one.action, one.dryRun ? "dry run" : "for real", one.status].join(", ")),
    el("progress", { max: 100, value: one.percent, "aria-label": `${one.backfill}: ${one.percent} %` }),
    el("p", { className: "soft" }, `Started ${when(one.startedAt)} · ${pace.join(" · ")}`),
    el("p", { className: "soft" }, counts.join(" · ") || (one.endedAt ? "Nothing had to be done." : "Nothing counted yet.")));
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
  const { view, name } = place();
  lasting = "";
  keepDraft();
  close();
  show(view);
  await tried(refresh);
  if (document.body.dataset.view !== view || view === "list" || place().name !== name) return;
  if (!$(view).contains(document.activeElement)) document.querySelector(`#${view} h2`).focus({ preventScroll: true });
  $("content").scrollTop = view === "thread" ? $("content").scrollHeight : 0;
}

function count() {
  const many = [...$("body").value].length;
  $("count").textContent = many > MOST_CHARACTERS - 200 ? `${many.toLocaleString("en")} of ${MOST_CHARACTERS.toLocaleString("en")} characters` : "";
  $("count").classList.toggle("problem", many > MOST_CHARACTERS);
}

$("reply").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name } = place();
  if ($("send").disabled) return;
  $("send").disabled = true;
  try {
    await call("POST", `threads/${id(name)}/messages`, { body: $("body").value, to: $("to").value });
    drafts.delete(name);
    $("body").value = $("reply-problem").textContent = "";
    $("news").textContent = "Sent.";
    count();
    await tried(refresh);
    $("content").scrollTop = $("content").scrollHeight;
  } catch (error) {
    if ([401, 403].includes(error.status)) leave(error.message);
    $("reply-problem").textContent = error.message;
  } finally {
    $("send").disabled = false;
    $("body").focus({ preventScroll: true });
  }
});
$("body").addEventListener("input", count);
$("body").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("reply").requestSubmit();
});
$("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address says which conversation is open, and stays
  (place().view === "list" ? $("list") : $("content")).focus();
});
$("sign-in").addEventListener("click", () => tried(() => begin({ hash: location.hash, drafts: [...drafts] })));
$("sign-out").addEventListener("click", () => {
  leave();
  drafts.clear();
});
$("more").addEventListener("click", () => tried(readMore));
$("earlier-runs").addEventListener("click", () => tried(readEarlierRuns));
$("earlier").addEventListener("click", () => tried(readEarlier));
addEventListener("hashchange", turn);
setInterval(() => { if (token() && !document.hidden) tried(refresh); }, EVERY_MS);
const begun = await tried(async () => {
  const kept = await finish();
  if (kept) history.replaceState(null, "", location.pathname + kept.hash);
  for (const [name, words] of kept?.drafts || []) drafts.set(name, words);
});
if (begun) await turn();
else show("welcome");
