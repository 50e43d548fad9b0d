// The owner API. What goes wrong is an Error whose message a person understands; `status` is HTTP's, 0: no connection.
import { token } from "./sign_in.js";

const SAID = {
  401: "Please sign in again.", 403: "This account is not an owner's.", 404: "That is not here (any more).",
  429: "Too many requests at once. Please try again.",
};

const CUT = "The connection failed. Please look whether it was done before you try again."; // nobody repeats it by itself

export class Problem extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

export async function call(method, path, body) {
  const headers = { authorization: `Bearer ${token()}` };
  if (body !== undefined) headers["content-type"] = "application/json";
  let answer;
  try {
    answer = await fetch(`api/${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Problem(0, method === "GET" ? "There is no connection. Trying again." : CUT);
  }
  const found = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (answer.ok) return found;
  const detail = [400, 409, 422].includes(answer.status) && found.detail;
  const sentence = detail && `${detail[0].toUpperCase()}${detail.slice(1)}.`;
  throw new Problem(answer.status, sentence || SAID[answer.status] || "That did not work. Please try again.");
}

export const id = encodeURIComponent;
