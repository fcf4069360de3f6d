"use strict";
// The pages are complete without this script. It sends a filter when it is chosen, keeps the theme, refreshes what is live, and sends
// forms as JSON, because the server takes no form that a page elsewhere could send.

const root = document.documentElement;

for (const chooser of document.querySelectorAll("form.filters select")) {
  chooser.addEventListener("change", () => chooser.form.requestSubmit());
}
for (const form of document.querySelectorAll("form.filters")) {
  form.addEventListener("submit", () => {
    for (const field of form.elements) if (field.name && field.value === "") field.disabled = true;
  });
}

const toggle = document.getElementById("theme");
if (toggle) {
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
  });
}

addEventListener("keydown", (event) => {
  const field = document.querySelector("main input[type=search]") || document.querySelector("input[type=search]");
  if (event.key === "/" && field && !event.target.closest("input, select, textarea")) {
    event.preventDefault();
    field.focus();
  }
});

// ---------------------------------------------------------------- live parts

const APART = 700; // milliseconds between two refreshes, so that a busy chain does not keep its own page busy
let busy = false, again = false, since = -APART;
async function refresh() {
  if (busy) { again = true; return; }
  busy = true;
  const wait = since + APART - performance.now();
  if (wait > 0) await new Promise((go) => setTimeout(go, wait));
  since = performance.now();
  try {
    const answer = await fetch(location.href, {cache: "no-store", headers: {Accept: "text/html"}});
    if (!answer.ok) throw new Error(answer.status);
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of document.querySelectorAll("[data-live]")) {
      const fresh = next.getElementById(old.id);
      if (fresh && !old.contains(document.activeElement) && fresh.innerHTML !== old.innerHTML) old.replaceChildren(...fresh.childNodes);
    }
    lamp("on");
  } catch (error) {
    lamp("off");
  }
  busy = false;
  if (again) { again = false; refresh(); }
}

function lamp(state) {
  for (const one of document.querySelectorAll(".live")) {
    one.classList.remove("on", "off");
    one.classList.add(state);
    const words = one.parentElement.querySelector("[data-on]");
    if (words) words.textContent = words.dataset[state];
  }
}

if (document.querySelector("[data-live]")) {
  const stream = new EventSource("/live");
  stream.addEventListener("changed", refresh);
  stream.addEventListener("open", () => lamp("on"));
  stream.addEventListener("error", () => lamp("off"));
  setInterval(() => { if (!document.hidden) refresh(); }, 30000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
}
if (document.querySelector("[data-loading]")) setTimeout(() => location.reload(), 1500);

// ---------------------------------------------------------------- forms as JSON

// Who is logged in shows that a change comes from a page of theirs. The store stands in the address too, where rights are checked.
const token = document.querySelector("meta[name=csrf]")?.content;
function changing(body) {
  const headers = {"Content-Type": "application/json", Accept: "application/json", ...(token ? {"X-CSRF-Token": token} : {})};
  return {method: "POST", headers, body: JSON.stringify(body)};
}
function withStore(address, store) {
  const found = new URL(address, location.href), name = store || new URLSearchParams(location.search).get("store");
  if (name) found.searchParams.set("store", name);
  return found;
}

async function send(form, button) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled) continue;
    if (field.type === "checkbox") body[field.name] = field.checked;
    else if (field.dataset.group) (body[field.dataset.group] ??= []).push([field.name, field.value]);
    else body[field.name] = field.value;
  }
  if (button && button.name) body[button.name] = button.value;
  const said = form.querySelector("[role=status]") || document.getElementById("said");
  try {
    const answer = await fetch(withStore(form.action, body.store), changing(body));
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error || answer.statusText);
    if (said) said.textContent = told.message;
    if (form.dataset.then === "stay") return;
    location.reload();
  } catch (error) {
    if (said) { said.textContent = error.message; said.classList.add("down"); }
  }
}
for (const form of document.querySelectorAll("form[data-json]")) {
  form.addEventListener("submit", (event) => { event.preventDefault(); send(form, event.submitter); });
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
