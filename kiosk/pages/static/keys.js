// The kiosk's own keypad: a scanner or a keyboard types into it as well, and no system keyboard ever appears.
"use strict";
import { all, el, symbol, text } from "./parts.js";

const LAYOUTS = {
  line: ["1234567890<"],
  digits: ["123", "456", "789", "0<"],
  letters: ["1234567890", "QWERTYUIOP", "ASDFGHJKL-", "ZXCVBNM.:/", "^…_?=&<"],
  accents: ["ÁÉÍÓÚÜÑÇÃÕ", "ÀÈÌÒÙÂÊÎÔÛ", "ÅÄÖËÏØÆŒ’,", "^…_<"],
};
const LONGEST = 80;
const box = el("keypad");
let small = false;  // letters are small ones
let open = null;  // what the keypad is open for: {value, secret, done, longest}

export const isOpen = () => open !== null;

export function build(container, layout, press) {
  container.className = `keys ${layout}`;
  container.replaceChildren(...LAYOUTS[layout].map((row) => {
    const line = document.createElement("div");
    for (const key of row) line.appendChild(one(key, press));
    return line;
  }));
}

function one(key, press) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.key = key;
  if (key === "<") { button.appendChild(symbol("backspace")); button.ariaLabel = box.dataset.backspace; }
  else if (key === "_") { button.textContent = box.dataset.space; button.className = "space"; }
  else if (key === "…") { button.textContent = "áñ…"; button.ariaLabel = box.dataset.accents; }
  else if (key === "^") { button.textContent = "aA"; button.ariaLabel = box.dataset.shift; }
  else button.textContent = key;
  button.addEventListener("click", () => press(key));
  // A key takes no focus: a scanner's Enter would press it once more.
  for (const kind of ["mousedown", "pointerdown"]) button.addEventListener(kind, (event) => event.preventDefault());
  return button;
}

export function typed(value, key, longest = LONGEST) {
  if (key === "<" || key === "Backspace") return [...value].slice(0, -1).join("");
  const sign = key === "_" ? " " : small ? key.toLowerCase() : key;
  return [...value].length < longest ? value + sign : value;
}

// The same for a key of a keyboard or a scanner, where every sign stands for itself.
export function entered(value, key, longest = LONGEST) {
  if (key === "Backspace") return typed(value, key);
  return [...value].length < longest ? value + key : value;
}

// Ask for something: `done(value)` says what is wrong with it, or nothing when it was taken.
export function ask({ title, layout, secret = false, value = "", longest = LONGEST, done }) {
  open = { value, secret, done, longest };
  text(el("keypad-title"), title);
  text(el("keypad-trouble"), "");
  small = false;
  lay(layout);
  box.hidden = false;
  draw();
  el("keypad-done").focus();
}

const OWN = { "^": shift, "…": () => lay(el("keys").classList.contains("accents") ? "letters" : "accents") };
function lay(layout) {
  build(el("keys"), layout, (key) => (OWN[key] ? OWN[key]() : put(key)));
  if (small) { small = false; shift(); }
}

function put(key) { open.value = typed(open.value, key, open.longest); draw(); }

function shift() {
  small = !small;
  for (const button of all("button[data-key]", el("keys"))) {
    if (/^\p{Lu}$/u.test(button.dataset.key)) button.textContent = small ? button.dataset.key.toLowerCase() : button.dataset.key;
  }
}

export function close() {
  open = null;
  box.hidden = true;
  text(el("typed"), "");
}

function draw() { text(el("typed"), open.secret ? "●".repeat([...open.value].length) : open.value); }

async function finish() {
  if (!open || open.busy) return;
  const asked = open;
  asked.busy = true;
  let trouble = box.dataset.lost;
  try {
    trouble = await asked.done(asked.value);
  } finally {
    asked.busy = false;
    if (open === asked) ended(trouble);
  }
}

function ended(trouble) {
  if (!trouble) { close(); return; }
  if (open.secret) open.value = "";
  text(el("keypad-trouble"), trouble);
  draw();
}

// A key of a keyboard or a scanner; true when it was taken.
export function key(event) {
  if (!open) return false;
  if (event.key === "Escape") close();
  else if (event.key === "Enter") finish();
  else if (event.key === "Backspace" || [...event.key].length === 1) {
    open.value = entered(open.value, event.key, open.longest);
    draw();
  } else return false;
  event.preventDefault();
  return true;
}

el("keypad-done").addEventListener("click", finish);
el("keypad-cancel").addEventListener("click", close);
