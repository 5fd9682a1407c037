// The answer: a summary for everybody, and tables for the clinician, which are here only while their PIN is open.
"use strict";
import { all, el, list, table } from "./parts.js";
import { lock } from "./press.js";

const TEXTS = ["headline", "meaning", "predictive", "cannot"];
const CLINICAL_TEXTS = ["confidence", "legend"];
const LISTS = ["why", "warnings"];
const TABLES = ["ranking", "terms", "measurements", "neighbours", "regions"];
let wanted = false;  // the clinician's part was asked for; until then nothing of it is fetched

// Nothing of a person stays in the page when their screen is left.
export function forget() {
  el("photo").removeAttribute("src");
  for (const id of [...TEXTS, ...LISTS, "album", "visit-said", "visit"]) el(id).replaceChildren();
  forgetClinical();
}

function forgetClinical() {
  el("looked").removeAttribute("src");
  for (const id of [...CLINICAL_TEXTS, ...TABLES, "notes"]) el(id).replaceChildren();
  wanted = false;
  showDetails(false);
}

export function draw(next) {
  const { result, number } = next;
  const screening = result.kind === "screening";
  for (const id of TEXTS) el(id).textContent = result[id] || "";
  for (const id of LISTS) list(el(id), (result[id] || []).map(sentence));
  el("visit-said").textContent = next.visit;
  el("photo").hidden = !screening;
  for (const id of ["clinician", "slip"]) el(id).hidden = !screening;
  if (screening && !el("photo").src) el("photo").src = `/result/photo?n=${number}`;
  if (!screening) drawAlbum(result.photos, number);
  if (wanted && result.clinical) drawClinical(result.clinical, number);
  showDetails(wanted && Boolean(result.clinical));
}

function drawAlbum(photos, number) {
  if (el("album").childElementCount) return;
  el("album").replaceChildren(...photos.map((photo) => {
    const item = document.createElement("li");
    const picture = item.appendChild(document.createElement("img"));
    picture.src = `/result/photo?pose=${photo.name}&n=${number}`;
    picture.alt = "";
    item.appendChild(document.createElement("span")).textContent = photo.text;
    return item;
  }));
}

function drawClinical(clinical, number) {
  if (!el("looked").src) el("looked").src = `/result/looked?n=${number}`;
  for (const id of CLINICAL_TEXTS) el(id).textContent = clinical[id];
  for (const id of TABLES) table(el(id), clinical.tables[id]);
  list(el("notes"), clinical.notes.map(sentence));
  for (const n of clinical.likely) el("ranking").rows[n].className = "likely";
}

export function openDetails() { wanted = true; }

export async function closeDetails() {
  forgetClinical();
  el("clinician").focus();
  return lock("clinician");
}

function showDetails(open) {
  if (el("details").hidden === !open) return;
  el("details").hidden = !open;
  el("clinician").setAttribute("aria-expanded", String(open));
  for (const button of all(".answer button, .answer a")) button.tabIndex = open ? -1 : 0;
  if (open) el("close").focus();
}

export const isDetailed = () => !el("details").hidden;
export function sentence(value) {
  return value ? value[0].toUpperCase() + value.slice(1) + (/[.。।]$/.test(value) ? "" : ".") : "";
}
