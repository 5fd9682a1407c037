// What is looked after: panels come as HTML from our own program, forms go back to it.
"use strict";
import { el, text } from "./parts.js";
import * as keys from "./keys.js";
import { once, post, renew } from "./press.js";

const AGAIN_MS = 1000;
const box = el("keypad");

// Ask for the PIN of a role, then go on; resolves to whether it fitted.
export function unlock(role, then) {
  keys.ask({
    title: box.dataset[role], layout: "digits", secret: true, longest: 12,
    done: async (pin) => {
      const answer = await post("/unlock", { role, pin });
      const said = await answer.json();
      if (!answer.ok) return said.said || said.error;
      renew(said.csrf);
      await then();
      return "";
    },
  });
}

let opening = false;
export const isOpen = () => opening || el("panel").dataset.name !== undefined;

export async function open(name, role, query = "") {
  const answer = await fetch(`/panel/${name}${query}`);
  if (answer.status === 403) return unlock(role || "engineer", () => open(name, role, query));
  if (!answer.ok) { document.dispatchEvent(new CustomEvent("refused", { detail: answer.status })); return undefined; }
  opening = true;
  try {
    await post("/session/service");
    draw(name, await answer.text());
  } finally {
    opening = false;
  }
  return undefined;
}

// The page came into service by itself (a reload, another browser): where it was sent to, or the menu.
export function restore() {
  const [name, query] = location.hash.slice(1).split("?");
  history.replaceState(null, "", "/");
  return open(name || "menu", "operator", query ? `?${query}` : "");
}

function draw(name, html) {
  el("panel").dataset.name = name;
  el("panel").innerHTML = html;  // made by our templates, which escape what people typed
  if (el("panel").querySelector("[data-again]")) setTimeout(() => again(name), AGAIN_MS);
  el("panel").scrollTop = 0;
  el("panel").focus();
}

// What goes on beside the page is looked at again while it is shown.
function again(name) { if (el("panel").dataset.name === name && !keys.isOpen()) open(name); }

export function close() {
  delete el("panel").dataset.name;
  el("panel").replaceChildren();
}

async function submit(form, button) {
  const said = new FormData(form);
  if (button && button.name) said.set(button.name, button.value);
  const answer = await post(form.getAttribute("action"), said);
  if (answer.status === 403) return unlock(form.dataset.role || "engineer", () => submit(form, button));
  if (!answer.ok) return undefined;  // said already
  if (form.dataset.then) return turnTo(said.get("language"), form.dataset.then);
  return draw(el("panel").dataset.name, await answer.text());
}

// The whole page turns to the language that was set, and goes on where it was.
async function turnTo(language, then) {
  await post("/display", { language });
  location.hash = then;
  location.reload();
}

el("panel").addEventListener("submit", (event) => {
  event.preventDefault();
  const button = event.submitter || event.target;
  once(button, () => submit(event.target, event.submitter));
});

// A field is typed into with our own keys.
el("panel").addEventListener("click", (event) => {
  const field = event.target.closest("input[data-keys]");
  if (!field) return;
  keys.ask({
    title: field.labels.length ? field.labels[0].textContent.trim() : "", layout: field.dataset.keys,
    secret: field.type === "password", value: field.type === "password" ? "" : field.value,
    longest: Number(field.maxLength) > 0 ? field.maxLength : 80,
    done: async (value) => { field.value = value; return ""; },
  });
});

export function notice(value) {
  const shown = el("notice");
  shown.hidden = !value;
  text(shown, value);
}
