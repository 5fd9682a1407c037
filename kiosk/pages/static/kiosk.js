// The page: two loops that pull (picture and state), and buttons that post. It holds no state of its own but what it
// showed last and what is being typed; everything it draws comes from GET /state.
"use strict";
import { alertText, all, el, hold, list, pause, text } from "./parts.js";
import * as answer from "./answer.js";
import * as asking from "./asking.js";
import * as keys from "./keys.js";
import * as live from "./live.js";
import * as panels from "./panels.js";
import { isSettled, lock, once, post, settle } from "./press.js";

const root = document.documentElement;
const OFF_MS = 2000;
const TOUCH_EVERY_MS = 20000;
const TAPS = 5;
const NOTICE_MS = 6000;
let shown = { number: -1, state: "starting" };
let generation = 0;  // of what we may see: an answer to an older question may lack what a PIN has opened since
let refused = 0;  // answers in a row: one may still have been asked with the cookie of before

// --- the session ------------------------------------------------------------------------------------------------
async function stateLoop() {
  for (;;) {
    const asked = generation;
    try {
      const said = await fetch(`/state?after=${shown.number}`);
      if (said.status === 403) { if (++refused > 1) enterLocked(); await pause(300); continue; }
      refused = 0;
      if (!said.ok) throw new Error(String(said.status));
      const next = await said.json();
      if (asked === generation) draw(next);
      alertText("lost", false);
    } catch {
      alertText("lost", true);
      shown = { ...shown, number: -1 };
      await pause(500);
    }
  }
}

function enterLocked() {
  alertText("lost", false);
  if (shown.state !== "locked") enter({ number: -1, state: "locked", result: null });
}

function draw(next) {
  if (next.number === shown.number || shown.state === "off") return;
  if (next.state !== shown.state || next.task !== shown.task) enter(next); else shown = next;
  live.draw(next);
  drawRest(next);
  if (next.result) answer.draw(next);
}

function enter(next) {
  const sameScreen = live.STAGES.includes(next.state) && live.STAGES.includes(shown.state);
  shown = next;
  root.dataset.state = next.state;
  root.dataset.task = next.task || "";
  for (const section of all("[data-show]")) section.hidden = !section.dataset.show.split(" ").includes(next.state);
  for (const layer of ["languages", "themes"]) el(layer).hidden = true;
  if (keys.isOpen() && next.state !== "locked") keys.close();
  live.enter(next);
  asking.enter(next);
  if (!next.result) answer.forget();
  if (next.state !== "maintenance") panels.close();
  else if (!panels.isOpen()) panels.restore();
  panels.notice("");
  if (!sameScreen) settle();
}

function drawRest(next) {
  list(el("missing"), next.missing);
  el("set-up").hidden = !next.setup;
  text(el("reason"), next.reason);
  text(el("detail"), next.detail);
  text(el("screened"), `${el("screened").dataset.text} ${next.screened}`);
  panels.notice(next.banners.join(" "));
  drawLamp(next.light);
}

// --- the lamp: the simulated light, drawn with its own rhythm ---------------------------------------------------
let lampTimer = 0;
function drawLamp(light) {
  const lamp = el("lamp");
  if (lamp.dataset.pattern === light.name) return;
  clearTimeout(lampTimer);
  lamp.dataset.pattern = light.name;
  const colour = `rgb(${light.colour.map((c) => Math.round(255 * c)).join(",")})`;
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
const again = () => { generation += 1; shown = { ...shown, number: -1 }; };

async function showClinician() {
  answer.openDetails();
  if (shown.result && shown.result.clinical) { answer.draw(shown); return; }
  panels.unlock("clinician", async () => again());
}

async function closeClinician() {
  shown = { ...shown, result: { ...shown.result, clinical: null } };
  await answer.closeDetails();
  again();
}

const CLICKS = {
  action: (button) => post(`/session/${button.dataset.action}`, { task: button.dataset.task || "" }),
  panel: (button) => panels.open(button.dataset.panel, button.dataset.role, button.dataset.query),
  unlock: (button) => panels.unlock(button.dataset.unlock, async () => again()),
  open: (button) => { el(button.dataset.open).hidden = false; el(button.dataset.open).querySelector("button").focus(); },
  close: (button) => { el(button.dataset.close).hidden = true; },
  choose: (button) => choose(button.dataset.choose, button.dataset.value),
  say: (button) => post("/speak", { what: spoken(button.dataset.say) }),
  finish: async () => { await post("/session/leave"); for (const role of ["clinician", "engineer"]) await lock(role); },
};

const spoken = (what) => (what === "consent" && shown.task === "photos" ? "photos" : what);

async function choose(what, value) {
  await post("/display", { [what]: value });
  location.reload();
}

function click(event) {
  const button = event.target.closest("button, a.button");
  if (!button) return;
  if (!isSettled()) { event.preventDefault(); return; }
  if (button.id === "clinician") { once(button, showClinician); return; }
  if (button.id === "close") { once(button, closeClinician); return; }
  const kind = Object.keys(CLICKS).find((name) => button.dataset[name] !== undefined);
  if (!kind) { asking.click(button); return; }
  once(button, async () => CLICKS[kind](button)).catch(() => alertText("lost", true));
}

let noticeTimer = 0;
function refusal() {
  panels.notice(el("notice").dataset.refused);
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => panels.notice((shown.banners || []).join(" ")), NOTICE_MS);
}

async function switchOff() {
  const said = await post("/power/off");
  if (said.ok) enter({ number: -1, state: "off", result: null });
}

let touchedAt = 0;
function touch() {
  if (performance.now() - touchedAt < TOUCH_EVERY_MS || shown.state === "locked") return;
  touchedAt = performance.now();
  post("/session/touch").catch(() => alertText("lost", true));
}

// Five quick taps on the model's name: the engineer's way in, from wherever nobody is screened.
let taps = [];
el("model").addEventListener("click", () => {
  taps = [...taps, performance.now()].slice(-TAPS);
  if (taps.length === TAPS && taps[TAPS - 1] - taps[0] < 3000) { taps = []; panels.open("health", "engineer"); }
});

document.addEventListener("refused", refusal);
document.addEventListener("click", click);
document.addEventListener("pointerdown", touch);
document.addEventListener("contextmenu", (event) => event.preventDefault());
document.addEventListener("keydown", (event) => {
  if (keys.key(event)) return;
  if (event.key === "Escape" && answer.isDetailed()) closeClinician();
  else if (event.key === "Escape") for (const layer of ["languages", "themes"]) el(layer).hidden = true;
  else if (asking.wantsKeys()) asking.key(event);
});
document.addEventListener("visibilitychange", again);  // a tab that was stopped asks anew
for (const button of all("[data-hold=off]")) hold(button, OFF_MS, switchOff);
live.previewLoop();
stateLoop();
