// The live picture: pulled frame by frame, so a frame that is lost is just asked for again.
"use strict";
import { alertText, el, pause, text } from "./parts.js";
import { post } from "./press.js";

export const STAGES = ["positioning", "countdown", "capturing"];
const canvas = el("preview");
const pen = canvas.getContext("2d", { alpha: false });
let state = "";
let entries = 0;  // how many states were entered

export async function previewLoop() {
  let after = -1;
  for (;;) {
    if (!STAGES.includes(state)) { await pause(50); continue; }
    const entered = entries;
    try {
      const answer = await fetch(`/preview/next?after=${after}`);
      if (answer.status !== 200) { alertText("stalled", answer.status === 204); await pause(50); continue; }
      after = Number(answer.headers.get("X-Number"));
      const picture = await createImageBitmap(await answer.blob());
      if (entered === entries || STAGES.includes(state)) show(picture);
      picture.close();
    } catch {
      after = -1;  // the program may have been started anew, and counts from 0 again
      await pause(500);  // the state loop says what is wrong
    }
  }
}

function show(picture) {
  if (canvas.width !== picture.width || canvas.height !== picture.height) {
    canvas.width = picture.width;
    canvas.height = picture.height;
    canvas.parentElement.style.setProperty("--ratio", picture.width / picture.height);
  }
  pen.drawImage(picture, 0, 0);
  canvas.dataset.frames = Number(canvas.dataset.frames || 0) + 1;
  alertText("stalled", false);
}

export function enter(next) {
  state = next.state;
  entries += 1;
  if (STAGES.includes(state)) return;
  alertText("stalled", false);
  pen.fillRect(0, 0, canvas.width, canvas.height);
  el("outline").setAttribute("points", "");
}

let spoken = "";
export function draw(next) {
  const live = STAGES.includes(next.state);
  text(el("instruction-text"), next.instruction.text);
  el("instruction-icon").setAttribute("href", `#icon-${next.instruction.icon}`);
  el("outline").setAttribute("points", (next.outline || []).map((p) => p.join(",")).join(" "));
  document.documentElement.dataset.verdict = next.verdict || "";
  el("pose").hidden = !next.pose;
  el("skip").hidden = !next.pose;
  text(el("pose"), next.pose ? next.pose.text : "");
  text(el("visit"), next.visit);
  for (const id of ["shutter", "skip", "amend"]) el(id).disabled = next.state !== "positioning";
  alertText("stalled", live && !next.camera.live);
  text(el("count"), next.state === "countdown" ? String(Math.max(1, Math.ceil(next.countdown_ms / 1000))) : "");
  if (live && document.documentElement.dataset.voice === "true" && spoken !== next.instruction.text) {
    spoken = next.instruction.text;
    post("/speak", { what: "instruction" });
  }
}

// With several people in the picture a touch says who the subject is.
canvas.addEventListener("click", (event) => {
  // offsetX and offsetY are the canvas' own, before it is mirrored or turned: the picture's.
  const [x, y] = [event.offsetX / canvas.clientWidth, event.offsetY / canvas.clientHeight].map(
    (share) => Math.min(Math.max(share, 0), 1));
  post("/session/point", { x: x.toFixed(4), y: y.toFixed(4) }).catch(() => alertText("lost", true));
});
