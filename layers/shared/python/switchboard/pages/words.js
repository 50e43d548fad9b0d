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

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const DAY = 86_400_000;

const isToday = (at) => at.toDateString() === new Date().toDateString();
const day = (at) => (Math.abs(at - Date.now()) < 6 * DAY ? weekday : date).format(at);

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
  return `next ${day(start)} ${clock.format(start)}–${until}`;
}

export const CLASSES = { front_desk: "Front desk", sitter: "Sitter number", pool: "Pool number" };
const SPEAKERS = { client: "Client", sitter: "Sitter", owner: "You", system: "Automatic" };
const TYPES = { phone_number: "a phone number", email: "an email address", url: "a web address", social_media: "another way to get in touch" };

export const heldWords = ({ types }) => `Held: ${types.map((one) => TYPES[one] || one).join(", ")}`;

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
