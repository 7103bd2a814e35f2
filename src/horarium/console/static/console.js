// What pages gain by a script: the viewer's own times, lists that stay up to date, and keys. All of them work without.
import { openPalette } from "./palette.js";

const root = document.documentElement;
root.classList.add("scripted");

const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

function showTimes(within) {
  for (const time of within.querySelectorAll("time:not(.ago)")) {
    time.title = time.dateTime;
    time.textContent = full.format(new Date(time.dateTime));
  }
  for (const time of within.querySelectorAll("time.ago")) time.title = full.format(new Date(time.dateTime));
  for (const head of within.querySelectorAll("[data-zone]")) head.textContent = `In ${zone}, yours`;
}

async function renew(part, at) {
  const page = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "error" });
  if (!page.ok) return;
  const found = new DOMParser().parseFromString(await page.text(), "text/html").querySelectorAll("[data-live]")[at];
  if (!found || part.contains(document.activeElement) || String(getSelection())) return;
  showTimes(found);
  part.replaceChildren(...found.childNodes);
  part.dataset.live = found.dataset.live;
}

function keepUpToDate(part, at) {
  const seconds = Number(part.dataset.live);
  if (!seconds) return;
  setTimeout(async () => {
    try {
      if (document.visibilityState === "visible") await renew(part, at);
    } catch {
      // The server cannot be reached now, or the session has ended: the page stays as it is.
    }
    keepUpToDate(part, at);
  }, seconds * 1000);
}

showTimes(document);
document.querySelectorAll("[data-live]").forEach(async (part, at) => {
  if (!part.dataset.stream || !("EventSource" in window)) return keepUpToDate(part, at);
  (await import("./live.js")).follow(part, { showTimes, renew: () => renew(part, at), poll: () => keepUpToDate(part, at) });
});
for (const field of document.querySelectorAll("[data-submit]")) field.addEventListener("change", () => field.form.requestSubmit());

const places = { n: "/console/", s: "/console/schedules", r: "/console/runs", t: "/console/targets" };
let before = "";
for (const button of document.querySelectorAll("[data-palette]")) button.addEventListener("click", openPalette);
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && document.querySelector("[data-palette]")) {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  const field = document.querySelector(`[data-focus-key="${CSS.escape(event.key)}"]`);
  if (field) {
    event.preventDefault();
    field.focus();
  } else if (before === "g" && places[event.key]) {
    location.assign(places[event.key]);
  }
  before = event.key;
});

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
  });
}
if (document.querySelector("[data-upload]")) import("./upload.js");
const editor = document.querySelector("[data-preview]");
if (editor) import("./editor.js").then((module) => module.edit(editor, showTimes));
