"use strict";
// Answers the till's page and its files from a copy while the server cannot be reached, so that a shop can go on selling.
const KEPT = "till-1";
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  const ours = address.pathname === "/till" || address.pathname.startsWith("/static/");
  if (event.request.method !== "GET" || address.origin !== location.origin || !ours) return;
  event.respondWith((async () => {
    const kept = await caches.open(KEPT);
    try {
      const answer = await fetch(event.request);
      if (answer.ok) await kept.put(event.request, answer.clone());
      return answer;
    } catch (error) {
      const copy = await kept.match(event.request);
      if (copy) return copy;
      throw error;
    }
  })());
});
