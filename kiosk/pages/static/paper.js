// A paper on the screen: print it, or go back. It asks for the state as the page does, so that the display is known to
// live, and leaves by itself once nobody is shown an answer any more.
"use strict";

const AWAY = ["idle", "blocked", "consent", "fault"];
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

document.getElementById("print").addEventListener("click", () => window.print());
for (;;) {
  try {
    const answer = await fetch("/state");
    if (answer.status === 403 || (answer.ok && AWAY.includes((await answer.json()).state))) location.replace("/");
  } catch { /* the kiosk starts anew: it is asked again */ }
  await pause(2000);
}
