// How things are said on the page, and the one way in which elements are made: what somebody wrote is only ever text.
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("aria-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child || child === 0));
  return element;
}

export function setCurrent(element, yes) {
  if (yes) element.setAttribute("aria-current", "page");
  else element.removeAttribute("aria-current");
}

export const $ = (name) => document.getElementById(name);

// Shows rows (a name of its own, what it shows, how it is made) as a list's elements. What shows the same stays the same
// element, and with it focus and half-written words; focus on one that changed goes to what took its place.
const showing = new WeakMap();

export function fill(list, rows) {
  const there = new Map([...list.children].map((element) => [element.id, element]));
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  const within = focused && [...list.children].find((element) => element.contains(focused)).id;
  const wanted = rows.map(([name, shows, make]) => {
    const said = JSON.stringify(shows), old = there.get(name);
    if (old && showing.get(old) === said) return old;
    const made = make();
    made.id = name;
    showing.set(made, said);
    return made;
  });
  const staying = new Set(wanted);
  for (const element of [...list.children]) if (!staying.has(element)) element.remove();
  let next = list.firstElementChild;
  for (const element of wanted) {
    if (element === next) next = next.nextElementSibling;
    else list.insertBefore(element, next);
  }
  if (focused && document.activeElement !== focused) {
    const place = focused.isConnected ? focused : wanted.find((element) => element.id === within);
    (place?.querySelector("a") || place)?.focus({ preventScroll: true });
  }
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "short" });
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const dated = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const DAY = 86_400_000;

const isToday = (at) => at.toDateString() === new Date().toDateString();
function day(at) {
  if (Math.abs(at - Date.now()) < 6 * DAY) return weekday.format(at);
  return (at.getFullYear() === new Date().getFullYear() ? date : dated).format(at);
}

export function when(text) {
  if (!text) return "";
  const at = new Date(text);
  return isToday(at) ? clock.format(at) : `${day(at)} ${clock.format(at)}`;
}

export function windowWords({ state, startAt, endAt }) {
  if (state === "none") return "none";
  const [start, end] = [new Date(startAt), new Date(endAt)];
  if (state === "active") return `active until ${when(endAt)}`;
  const until = start.toDateString() === end.toDateString() ? clock.format(end) : `${day(end)} ${clock.format(end)}`;
  return `next ${isToday(start) ? "today" : day(start)} ${clock.format(start)}–${until}`;
}

export const plural = (many, thing) => `${many.toLocaleString("en")} ${thing}${many === 1 ? "" : "s"}`;
export const leftWords = (seconds) => (seconds < 90 ? `${plural(seconds, "second")} left` : `${plural(Math.round(seconds / 60), "minute")} left`);

export const CLASSES = { front_desk: "Front desk", sitter: "Sitter number", pool: "Pool number" };
const SPEAKERS = { client: "Client", sitter: "Sitter", owner: "You", system: "Automatic" };
const TYPES = { phone_number: "a phone number", email: "an email address", url: "a web address", social_media: "another way to get in touch" };

export const heldWords = ({ types }) => `Held: ${types.map((one) => TYPES[one] || one).join(", ")}`;

// A name among other words, which no direction that it is written in, or pretends to be, can turn around.
export const apart = (name) => `\u2068${name}\u2069`;

export function threadName({ scope, client, sitter }) {
  if (client) return client.name;
  if (sitter) return sitter.name;
  return scope === "internal" ? "Notices to you" : "Conversation";
}

export function speaker({ actorType, direction }, { client, sitter }) {
  const named = { client: client && client.name, sitter: sitter && sitter.name }[actorType];
  const passedOn = direction === "outbound" && (actorType === "client" || actorType === "sitter");
  return `${named || SPEAKERS[actorType] || actorType}${passedOn ? ", passed on" : ""}`;
}
