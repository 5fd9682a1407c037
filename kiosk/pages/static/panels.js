// What is looked after: panels come as HTML from our own program, forms go back to it.
"use strict";
import { all, el, text } from "./parts.js";
import * as keys from "./keys.js";
import { once, post, renew } from "./press.js";

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

export async function open(name, role, query = "") {
  const answer = await fetch(`/panel/${name}${query}`);
  if (answer.status === 403) return unlock(role || "engineer", () => open(name, role, query));
  if (!answer.ok) return undefined;
  await post("/session/service");
  draw(name, await answer.text());
  return undefined;
}

function draw(name, html) {
  el("panel").dataset.name = name;
  el("panel").innerHTML = html;  // made by our templates, which escape what people typed
  el("panel").scrollTop = 0;
  el("panel").focus();
}

export function close() {
  delete el("panel").dataset.name;
  el("panel").replaceChildren();
}

async function submit(form, button) {
  const said = new FormData(form);
  if (button && button.name) said.set(button.name, button.value);
  const answer = await post(form.getAttribute("action"), said);
  if (answer.status === 403) return unlock(form.dataset.role || "engineer", () => submit(form, button));
  return draw(el("panel").dataset.name, await answer.text());
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
export const fields = () => all("input", el("panel"));
