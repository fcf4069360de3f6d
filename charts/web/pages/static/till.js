"use strict";
// The till: lines of a receipt, and a queue in the browser's own storage that survives a closed lid. A line gets its event id when it is
// sold; a line that is sent twice has the same id twice, and counts once.

const till = document.getElementById("till");
const words = till.dataset, store = words.store;
const QUEUE = `shelfcast-till-${store}`;
const number = new Intl.NumberFormat(document.documentElement.lang, {minimumFractionDigits: 2, maximumFractionDigits: 2});
const prices = new Map([...document.querySelectorAll("#items option")].map((one) => [one.value, one.dataset.price]));
const field = (name) => till.elements.namedItem(name); // `elements.item` is a method
let receipt = [];

function fresh() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
}
function shopTime() { // of this machine; while a day is replayed, of that day
  const [began, at, pace, until] = words.clock.split(",").map(Number);
  return words.clock ? Math.min(at + Math.max(Date.now() / 1000 - began, 0) * pace, until) : Date.now() / 1000;
}
function queued() {
  try { return JSON.parse(localStorage.getItem(QUEUE) || "[]"); } catch (error) { return []; }
}
function keep(lines) {
  localStorage.setItem(QUEUE, JSON.stringify(lines));
  document.getElementById("waiting").textContent = lines.length;
}
function cell(row, text, kind = "td") {
  const made = document.createElement(kind);
  made.textContent = text;
  row.append(made);
  return made;
}
function show() {
  const body = document.querySelector("#receipt tbody");
  body.replaceChildren(...receipt.map((line, place) => {
    const row = document.createElement("tr");
    cell(row, line.item, "th").className = "name";
    cell(row, line.quantity);
    cell(row, number.format(line.unit_price));
    cell(row, number.format(line.quantity * line.unit_price));
    const button = document.createElement("button");
    button.type = "button"; button.className = "plain"; button.textContent = words.remove;
    button.addEventListener("click", () => { receipt.splice(place, 1); show(); });
    cell(row, "").append(button);
    return row;
  }));
  document.getElementById("sum").textContent = number.format(receipt.reduce((sum, line) => sum + line.quantity * line.unit_price, 0));
  document.getElementById("close").disabled = receipt.length === 0;
}
function say(text, bad = false) {
  const said = document.getElementById("till-said");
  said.textContent = text;
  said.classList.toggle("down", bad);
}

field("item").addEventListener("change", () => {
  const price = prices.get(field("item").value);
  if (price) field("price").value = price;
});
till.addEventListener("submit", (event) => {
  event.preventDefault();
  receipt.push({item: field("item").value.trim(), quantity: Number(field("quantity").value), unit_price: Number(field("price").value)});
  field("item").value = ""; field("quantity").value = 1; field("price").value = "";
  show();
  field("item").focus();
});
document.getElementById("close").addEventListener("click", () => {
  const order = `till-${fresh().slice(0, 12)}`, now = shopTime();
  const lines = receipt.map((line) => ({...line, event_id: `till-${fresh()}`, order_id: order, sold_at: now, ...(words.currency ? {currency: words.currency} : {})}));
  keep([...queued(), ...lines]);
  receipt = [];
  show();
  send();
});

let sending = false;
async function send() {
  const lines = queued().slice(0, 100);
  if (sending || lines.length === 0) return;
  sending = true;
  try {
    const answer = await fetch(withStore("/till/sales", store), changing({store, lines}));
    if (answer.ok) {
      const sent = new Set(lines.map((line) => line.event_id));
      keep(queued().filter((line) => !sent.has(line.event_id)));
      say(words.sent);
    } else {
      say(`${words.refused} ${(await answer.json()).error}`, true);
    }
  } catch (error) {
    say(words.offline, true);
  }
  sending = false;
}

keep(queued());
show();
send();
setInterval(send, 5000);
addEventListener("online", send);
if ("serviceWorker" in navigator && isSecureContext) navigator.serviceWorker.register("/till/worker.js", {scope: "/till"}).catch(() => {});
