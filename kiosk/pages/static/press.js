// What is posted, and what counts as a press: every press answers at once, goes out once, and a tap that was meant for
// the screen before is not taken for this one.
"use strict";

const SETTLE_MS = 350;  // a double tap's second half lands on the next screen within this
let token = document.querySelector("meta[name=csrf-token]").content;
let pressed = false;
let settledAt = 0;

let timer = 0;

export function settle() {
  settledAt = performance.now() + SETTLE_MS;
  document.documentElement.dataset.settling = "";
  clearTimeout(timer);
  timer = setTimeout(() => { delete document.documentElement.dataset.settling; }, SETTLE_MS);
}
export const isSettled = () => performance.now() >= settledAt;
export const renew = (csrf) => { token = csrf; };

function send(path, form) {
  const body = form && new URLSearchParams(form);
  return fetch(path, { method: "POST", headers: { "X-CSRF-Token": token }, body });
}

// An answer that nobody expected is said once, in one line; what a PIN opens or not is said where it is typed.
function told(answer, path) {
  if (!answer.ok && path !== "/unlock") document.dispatchEvent(new CustomEvent("refused", { detail: answer.status }));
  return answer;
}

// Whatever changes something carries the page's token. A program that was started anew knows other ones: ask once.
export async function post(path, form) {
  const answer = await send(path, form);
  if (answer.status !== 403) return told(answer, path);
  const page = await (await fetch("/")).text();
  const fresh = page.match(/name="csrf-token" content="([^"]+)"/)[1];
  if (fresh === token) return answer;  // it is the role that is missing
  token = fresh;
  return told(await send(path, form), path);
}

// Give a role back, or all of them; both tokens are other ones then.
export async function lock(role) {
  const answer = await post("/lock", role ? { role } : {});
  if (answer.ok) renew((await answer.json()).csrf);
}

// One press at a time: `button` shows it until `work` is done.
export async function once(button, work) {
  if (pressed || !isSettled()) return;
  pressed = true;
  button.classList.add("pressed");
  try {
    await work();
  } finally {
    pressed = false;
    button.classList.remove("pressed");
  }
}
