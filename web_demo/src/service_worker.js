// Keeps the page for use without a network, and lets it use threads. Nothing is ever sent.
// The build fills in the version and the page's files with their checksums. Runtime and models are
// kept by download.js, which verifies them.

const VERSION = '__VERSION__';
const FILES = { __FILES__: '' };
const PAGE = `page-${VERSION}`;
const ADDRESSES = new Map(
  Object.keys(FILES).map((name) => [new URL(name, self.registration.scope).href, name]),
);
const MANIFESTS = 'manifests';
const MANIFEST = new URL('models/manifest.json', self.registration.scope).href;

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));

/**
 * Fetches all files of this version; fails, so that the old version stays, if one is of another. And the manifest,
 * which the page may have asked for before it was under control.
 */
async function install() {
  const cache = await caches.open(PAGE);
  for (const [address, name] of ADDRESSES) {
    const response = await fetch(address, { cache: 'reload' });
    if (!response.ok) throw new Error(`${name} is missing`);
    const content = await response.arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
    const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    if (found !== FILES[name]) throw new Error(`${name} is of another version`);
    const type = response.headers.get('Content-Type') ?? '';
    await cache.put(address, new Response(content, { headers: { 'Content-Type': type } }));
  }
  await newest(new Request(MANIFEST)).catch(() => {});
  await self.skipWaiting();
}

async function activate() {
  for (const name of await caches.keys()) {
    if (name.startsWith('page-') && name !== PAGE) await caches.delete(name);
  }
  await self.clients.claim();
}

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== self.location.origin) return;
  url.search = url.hash = '';
  if (url.pathname.endsWith('/index.html')) url.pathname = url.pathname.replace(/index\.html$/, '');
  if (ADDRESSES.has(url.href)) event.respondWith(fromPage(event.request, url.href));
  else if (url.pathname.endsWith('/manifest.json')) event.respondWith(newest(event.request));
  else if (event.request.mode === 'navigate' || event.request.destination === 'worker') {
    event.respondWith(fetch(event.request).then(isolated));
  }
});

async function fromPage(request, address) {
  const kept = await (await caches.open(PAGE)).match(address);
  return isolated(kept ?? (await fetch(request)));
}

/** The manifest from the network; where no server sends one, the last one that came from there. */
async function newest(request) {
  const cache = await caches.open(MANIFESTS).catch(() => undefined);
  const kept = () => cache?.match(request.url).catch(() => undefined);
  let response;
  try {
    response = await fetch(request);
  } catch (error) {
    const old = await kept();
    if (old) return old;
    throw error;
  }
  if (await isManifest(response)) await cache?.put(request.url, response.clone()).catch(() => {}); // storage full
  else if (response.ok || response.status >= 500) return (await kept()) ?? response;
  return response; // also where the manifest was taken away
}

/** Whether an answer is no error, and no page or cut file in the manifest's place. */
async function isManifest(response) {
  return response.ok && response.clone().json().then(() => true, () => false);
}

/** An answer with the headers that browsers ask for before a page may use threads; of the device, only the camera. */
function isolated(response) {
  if (response.type === 'opaqueredirect' || response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  headers.set('Permissions-Policy', 'camera=(self), microphone=(), geolocation=()');
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
