// Keeps the page for later: its small files at once, networks and their runtime when they are first
// used. A newer page waits until no tab has this one, so that no page gets files of two. Every answer
// carries the headers that threads of WebAssembly need.

const VERSION = "{version}"; // of the small files
const SMALL = "{files}";
const LARGE = "nitidez-large";
const LARGE_FILES = "{large}"; // their names say what is in them
const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Content-Security-Policy": "{policy}",
};
const isLarge = (url) => /\/(models|onnxruntime-[\d.]+)\//.test(new URL(url).pathname);

self.addEventListener("install", (event) => {
  const fresh = SMALL.map((file) => new Request(file, { cache: "no-cache" }));
  event.waitUntil(caches.open(VERSION).then((cache) => cache.addAll(fresh)));
});

self.addEventListener("activate", (event) => {
  const clear = async () => {
    for (const name of await caches.keys()) if (![VERSION, LARGE].includes(name)) await caches.delete(name);
    const wanted = new Set(LARGE_FILES.map((file) => new URL(file, self.registration.scope).href));
    const large = await caches.open(LARGE);
    for (const { url } of await large.keys()) if (!wanted.has(url)) await large.delete(url);
    await self.clients.claim();
  };
  event.waitUntil(clear());
});

async function answer(request) {
  for (const cacheName of [VERSION, LARGE]) {
    const kept = await caches.match(request, { ignoreSearch: true, cacheName });
    if (kept) return kept;
  }
  const reply = await fetch(request);
  if (reply.ok && isLarge(request.url)) {
    await (await caches.open(LARGE)).put(request, reply.clone()).catch(() => null); // no room
  }
  return reply;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  const respond = async () => {
    const reply = await answer(request);
    if (!reply.ok) return reply;
    const headers = new Headers(reply.headers);
    for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
    return new Response(reply.body, { status: reply.status, statusText: reply.statusText, headers });
  };
  event.respondWith(respond());
});
