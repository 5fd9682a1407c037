// Consent and subject: what was said so far stays in this page alone until it is sent, and is forgotten with its screen.
"use strict";
import { all, el, hold, text } from "./parts.js";
import * as keys from "./keys.js";
import { once, post, settle } from "./press.js";

const THUMB_MS = 800;
const LONGEST_NUMBER = 64;
let said = {};
let warned = "";  // the number that was said to be known already
let step = "1";
let task = "screening";

export function enter(next) {
  said = {};
  warned = "";
  task = next.task;
  drawNumber("");
  for (const toggle of all("[aria-pressed]")) toggle.setAttribute("aria-pressed", "false");
  goTo("1");
}

function goTo(number) {
  step = number;
  for (const section of all("section[data-step]")) {
    const asked = section.dataset.show === document.documentElement.dataset.state;
    section.hidden = !asked || section.dataset.step !== step;
  }
  for (const node of all("main [data-task]:not(button)")) node.hidden = node.dataset.task !== task;
}

function turnTo(number) { goTo(number); settle(); }

const act = (action, form) => post(`/session/${action}`, form);
const isOn = (id) => el(id).getAttribute("aria-pressed") === "true";

function agree(sign) {
  const photos = task === "photos" || isOn("photos");
  return act("agree", { by: said.by, ...sign, photos: photos ? "1" : "", research: isOn("research") ? "1" : "" });
}

function drawNumber(value) {
  said.camp_number = value;
  text(el("number"), value);
  text(el("known"), "");
  el("number-done").disabled = value.trim() === "";
}

const typeNumber = (key) => drawNumber(keys.typed(said.camp_number, key, LONGEST_NUMBER));

// A number that was here before is said once; a second press goes on.
async function numberDone() {
  const number = said.camp_number.trim();
  if (!number) return;
  if (warned !== number) {
    const answer = await post("/known", { camp_number: number });
    if (!answer.ok) return text(el("known"), el("known").dataset.wrong);
    const known = await answer.json();
    warned = number;
    if (known.visits) return text(el("known"), known.said);
  }
  turnTo("2");
}

const describe = () => act("describe", said);

const CLICKS = {
  consent: (button) => { said.by = button.dataset.consent; turnTo("2"); },
  back: (button) => turnTo(button.dataset.back),
  next: (button) => { drawNumber(""); turnTo(button.dataset.next); },
  age: (button) => { said.age = button.dataset.age; turnTo("3"); },
  sex: (button) => { said.sex = button.dataset.sex; return describe(); },
  tone: (button) => chooseTone(button),
  type: (button) => type(button),
};

function chooseTone(button) {
  const on = button.getAttribute("aria-pressed") !== "true";
  for (const other of all("[data-tone]")) other.setAttribute("aria-pressed", String(on && other === button));
  said.skin_tone = on ? button.dataset.tone : "";
}

const TYPED = {
  name: (value) => agree({ sign: "name", name: value.trim() }).then((answer) => (answer.ok ? "" : el("known").dataset.wrong)),
  number: async (value) => { drawNumber(value.trim()); return ""; },
};

function type(button) {
  const { type: what, keys: layout, title } = button.dataset;
  keys.ask({
    title, layout, value: what === "number" ? said.camp_number : "",
    longest: what === "number" ? LONGEST_NUMBER : 80, done: TYPED[what],
  });
}

// A press on one of these screens; true when it was one of theirs.
export function click(button) {
  if (button.classList.contains("toggle")) {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    return true;
  }
  if (button.id === "number-done") { once(button, numberDone); return true; }
  const kind = Object.keys(CLICKS).find((name) => button.dataset[name] !== undefined);
  if (!kind) return false;
  once(button, async () => CLICKS[kind](button));
  return true;
}

// A key of a scanner or keyboard while the number is asked for; true when it is. Enter is the scanner's end, whatever
// has the focus.
export const wantsKeys = () => document.documentElement.dataset.state === "subject" && step === "1";

export function key(event) {
  if (event.key === "Enter") { event.preventDefault(); numberDone(); }
  else if (event.key === "Backspace" || [...event.key].length === 1) { event.preventDefault(); drawNumber(keys.entered(said.camp_number, event.key, LONGEST_NUMBER)); }
}

keys.build(el("number-keys"), "line", typeNumber);
hold(document.querySelector("[data-hold=agree]"), THUMB_MS, () => agree({ sign: "thumb" }));
