// Signing in: OpenID Connect's authorization code with PKCE. The token lives as long as the tab.
const KEPT = "switchboard.token", BEGUN = "switchboard.sign-in";

export const token = () => sessionStorage.getItem(KEPT);
export const forget = () => sessionStorage.removeItem(KEPT);

const text = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const random = () => text(crypto.getRandomValues(new Uint8Array(32)));
const here = () => location.origin + location.pathname;

async function provider() {
  const answer = await fetch("inbox/sign-in.json");
  if (!answer.ok) throw new Error("Signing in is not possible now. Please try again.");
  return answer.json();
}

// `kept` comes back out of `finish`, after the way to the provider and back.
export async function begin(kept) {
  const { clientId, signInUrl } = await provider();
  const begun = { state: random(), verifier: random(), kept };
  sessionStorage.setItem(BEGUN, JSON.stringify(begun));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(begun.verifier)));
  const address = new URL(signInUrl, location.href);
  const asked = {
    response_type: "code", client_id: clientId, redirect_uri: here(), scope: "openid", state: begun.state,
    code_challenge: text(digest), code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
  location.assign(address);
}

// Back from the provider, with a token: what `begin` was given to keep; null: not back. Throws what a person can read.
export async function finish() {
  const back = new URLSearchParams(location.search);
  if (!back.has("state")) return null;
  const begun = JSON.parse(sessionStorage.getItem(BEGUN) || "{}");
  sessionStorage.removeItem(BEGUN);
  history.replaceState(null, "", location.pathname + location.hash);
  if (!begun.state || back.get("state") !== begun.state || !back.has("code")) throw new Error("Signing in did not work. Please try again.");
  const { clientId, exchangeUrl } = await provider();
  const form = new URLSearchParams({
    grant_type: "authorization_code", code: back.get("code"), redirect_uri: here(), client_id: clientId, code_verifier: begun.verifier,
  });
  const answer = await fetch(new URL(exchangeUrl, location.href), { method: "POST", body: form });
  const found = answer.ok ? await answer.json() : {};
  if (!found.id_token) throw new Error("Signing in did not work. Please try again.");
  sessionStorage.setItem(KEPT, found.id_token);
  return begun.kept;
}
