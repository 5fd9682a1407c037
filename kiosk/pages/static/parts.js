// Small helpers to fill the page. Texts go in as text, never as HTML.
"use strict";

export const el = (id) => document.getElementById(id);
export const all = (selector, node = document) => [...node.querySelectorAll(selector)];
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));
export function text(node, value) { if (node.textContent !== value) node.textContent = value; }

export function list(node, values) {
  node.replaceChildren(...values.map((value) => {
    const item = document.createElement("li");
    item.textContent = value;
    return item;
  }));
}

export function table(node, rows) {
  node.replaceChildren(...rows.map((row) => {
    const line = document.createElement("tr");
    for (const value of row) line.appendChild(document.createElement("td")).textContent = value;
    return line;
  }));
  node.parentElement.hidden = rows.length === 0;
}

export function symbol(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("aria-hidden", "true");
  svg.appendChild(document.createElementNS(svg.namespaceURI, "use")).setAttribute("href", `#icon-${name}`);
  return svg;
}

const alerts = new Set();
export function alertText(kind, on) {
  if (on) alerts.add(kind); else alerts.delete(kind);
  const kinds = ["lost", "stalled"].filter((k) => alerts.has(k));
  const box = el("alert");
  box.hidden = kinds.length === 0;
  text(box, kinds.length ? box.dataset[kinds[0]] : "");
}

// A button that must be held: `done` is called once it was held for so long.
export function hold(button, ms, done) {
  let timer = 0;
  const begin = (event) => {
    if (event.type === "keydown" && (event.repeat || !["Enter", " "].includes(event.key))) return;
    button.classList.add("holding");
    clearTimeout(timer);
    timer = setTimeout(() => { end(); done(); }, ms);
  };
  const end = () => { clearTimeout(timer); button.classList.remove("holding"); };
  button.style.setProperty("--hold", `${ms}ms`);
  for (const kind of ["pointerdown", "keydown"]) button.addEventListener(kind, begin);
  for (const kind of ["pointerup", "pointerleave", "pointercancel", "keyup", "blur"]) button.addEventListener(kind, end);
  button.addEventListener("contextmenu", (event) => event.preventDefault());
}
