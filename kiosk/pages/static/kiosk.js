// The page: two loops that pull (picture and state), and buttons that post. It holds no state of its own but what it
// showed last; everything it draws comes from GET /state.
"use strict";

const el = (id) => document.getElementById(id);
const root = document.documentElement;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const TEXTS = ["headline", "meaning", "predictive", "cannot", "confidence", "legend"];
const LISTS = ["why", "warnings", "notes"];
const TABLES = ["ranking", "terms", "measurements", "neighbours", "regions"];
const STAGES = ["positioning", "countdown", "capturing"];
let shown = { number: -1, state: null };
let entries = 0;  // how many states were entered
let pressed = false;
let token = document.querySelector("meta[name=csrf-token]").content;

// --- the live picture -----------------------------------------------------------------------------------------
const canvas = el("preview");
const pen = canvas.getContext("2d", { alpha: false });

async function previewLoop() {
  let after = -1;
  for (;;) {
    if (!STAGES.includes(shown.state)) { await pause(50); continue; }
    const session = entries;
    try {
      const answer = await fetch(`/preview/next?after=${after}`);
      if (answer.status !== 200) { alertText("stalled", true); continue; }
      after = Number(answer.headers.get("X-Number"));
      const picture = await createImageBitmap(await answer.blob());
      if (session !== entries && !STAGES.includes(shown.state)) { picture.close(); continue; }
      if (canvas.width !== picture.width || canvas.height !== picture.height) {
        canvas.width = picture.width;
        canvas.height = picture.height;
        canvas.parentElement.style.setProperty("--ratio", picture.width / picture.height);
      }
      pen.drawImage(picture, 0, 0);
      picture.close();
      canvas.dataset.frames = Number(canvas.dataset.frames || 0) + 1;
      alertText("stalled", false);
    } catch {
      after = -1;  // the program may have been started anew, and counts from 0 again
      await pause(500);  // the state loop says what is wrong
    }
  }
}

// --- the session ------------------------------------------------------------------------------------------------
async function stateLoop() {
  for (;;) {
    try {
      const answer = await fetch(`/state?after=${shown.number}`);
      if (!answer.ok) throw new Error(String(answer.status));
      const next = await answer.json();
      alertText("lost", false);
      draw(next);
    } catch {
      alertText("lost", true);
      shown.number = -1;
      await pause(500);
    }
  }
}

function draw(next) {
  const entered = next.state !== shown.state;
  if (next.number === shown.number) return;
  shown = next;
  drawLive(next);
  if (next.state === "blocked") list(el("missing"), next.missing);
  if (!entered) return;
  entries += 1;
  forget(next);
  root.dataset.state = next.state;
  for (const section of document.querySelectorAll("[data-show]")) {
    section.hidden = !section.dataset.show.split(" ").includes(next.state);
  }
  if (!STAGES.includes(next.state)) alertText("stalled", false);
  el("reason").textContent = sentence(next.reason);
  el("screened").textContent = el("screened").dataset.text + next.screened;
  drawLamp(next.light);
  showDetails(false);
  if (next.result) drawResult(next.result, next.number);
}

// Nothing of a person stays in the page when their screen is left.
function forget(next) {
  if (!STAGES.includes(next.state)) {
    pen.fillRect(0, 0, canvas.width, canvas.height);
    el("outline").setAttribute("points", "");
  }
  if (next.state === "idle") for (const id of ["age", "sex"]) el(id).selectedIndex = 0;
  if (!next.result) {
    for (const id of ["photo", "looked"]) el(id).removeAttribute("src");
    for (const id of [...TEXTS, ...LISTS, ...TABLES]) el(id).replaceChildren();
  }
}

function drawLive(next) {
  text(el("instruction-text"), next.instruction.text);
  el("instruction-icon").setAttribute("href", `#icon-${next.instruction.icon}`);
  el("outline").setAttribute("points", (next.outline || []).map((p) => p.join(",")).join(" "));
  root.dataset.verdict = next.verdict || "";
  el("shutter").disabled = next.state !== "positioning";
  alertText("stalled", STAGES.includes(next.state) && !next.camera.live);
  if (next.state === "countdown") countFrom(next.countdown_ms);
  else if (next.state !== "countdown") text(el("count"), "");
}

function countFrom(ms) {
  text(el("count"), String(Math.max(1, Math.ceil(ms / 1000))));
}

function drawResult(result, number) {
  el("photo").src = `/result/photo?n=${number}`;
  el("looked").src = `/result/looked?n=${number}`;
  for (const id of TEXTS) el(id).textContent = result[id];
  for (const id of LISTS) list(el(id), result[id].map(sentence));
  for (const id of TABLES) table(el(id), result.tables[id]);
  for (const n of result.likely) el("ranking").rows[n].className = "likely";
}

function table(node, rows) {
  node.replaceChildren(...rows.map((row) => {
    const line = document.createElement("tr");
    for (const value of row) line.appendChild(document.createElement("td")).textContent = value;
    return line;
  }));
  node.parentElement.hidden = rows.length === 0;
}

// --- the lamp: the simulated light, drawn with its own rhythm ---------------------------------------------------
let lampTimer = 0;
function drawLamp(light) {
  clearTimeout(lampTimer);
  const lamp = el("lamp");
  const colour = `rgb(${light.colour.map((c) => Math.round(255 * c)).join(",")})`;
  el("lamp-name").textContent = `Light: ${light.name}`;
  let i = 0;
  const beat = () => {
    const [on, off] = light.rhythm[i++ % light.rhythm.length];
    lamp.style.backgroundColor = colour;
    if (off > 0) lampTimer = setTimeout(() => {
      lamp.style.backgroundColor = "";
      lampTimer = setTimeout(beat, 1000 * off);
    }, 1000 * on);
  };
  beat();
}

// --- buttons ----------------------------------------------------------------------------------------------------
function said(action) {
  return action === "start" ? `?age=${el("age").value}&sex=${el("sex").value}` : "";
}

// Whatever changes something carries the page's token. A program that was started anew knows other ones: ask once.
async function post(path) {
  const send = () => fetch(path, { method: "POST", headers: { "X-CSRF-Token": token } });
  const answer = await send();
  if (answer.status !== 403) return answer;
  token = (await (await fetch("/")).text()).match(/name="csrf-token" content="([^"]+)"/)[1];
  return send();
}

async function press(button) {
  if (pressed) return;  // a press cannot fire twice
  pressed = true;
  button.classList.add("pressed");
  try {
    await post(`/session/${button.dataset.action}${said(button.dataset.action)}`);
  } catch {
    alertText("lost", true);
  } finally {
    pressed = false;
    button.classList.remove("pressed");
  }
}

function showDetails(open) {
  el("details").hidden = !open;
  el("clinician").setAttribute("aria-expanded", String(open));
  if (open) el("close").focus();
}

// --- small helpers ------------------------------------------------------------------------------------------------
const alerts = new Set();
function alertText(kind, on) {
  if (on) alerts.add(kind); else alerts.delete(kind);
  const kinds = ["lost", "stalled"].filter((k) => alerts.has(k));
  const box = el("alert");
  box.hidden = kinds.length === 0;
  text(box, kinds.length ? box.dataset[kinds[0]] : "");
}
function text(node, value) { if (node.textContent !== value) node.textContent = value; }
function sentence(value) { return value ? value[0].toUpperCase() + value.slice(1) + (value.endsWith(".") ? "" : ".") : ""; }
function list(node, values) {
  node.replaceChildren(...values.map((value) => {
    const item = document.createElement("li");
    item.textContent = value;
    return item;
  }));
}

// With several people in the picture a touch says who the subject is.
canvas.addEventListener("click", (event) => {
  // offsetX and offsetY are the canvas' own, before it is mirrored or turned: the picture's.
  const [x, y] = [event.offsetX / canvas.clientWidth, event.offsetY / canvas.clientHeight].map(
    (share) => Math.min(Math.max(share, 0), 1));
  post(`/session/point?x=${x.toFixed(4)}&y=${y.toFixed(4)}`).catch(() => alertText("lost", true));
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.action) press(button);
  else if (button.id === "clinician") showDetails(el("details").hidden);
  else if (button.id === "close") { showDetails(false); el("clinician").focus(); }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !el("details").hidden) { showDetails(false); el("clinician").focus(); }
});
previewLoop();
stateLoop();
