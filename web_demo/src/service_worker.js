// Keeps the page, LiteRT's runtime and the model for use without a network. Nothing is ever sent.
// The build fills in the version and the files of the page.

const VERSION = '__VERSION__';
const SHELL = ['__SHELL__'];
const PAGE = `page-${VERSION}`;
const LARGE = 'runtime-and-models'; // kept over versions of the page; models have checksums

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(PAGE)
      .then((cache) => cache.addAll(SHELL))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name.startsWith('page-') && name !== PAGE))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (url.pathname.endsWith('/manifest.json')) event.respondWith(newest(event.request));
  else event.respondWith(kept(event.request, url));
});

// Servers vary answers by Origin, which some requests for the same file have and others have not.
const ANY = { ignoreVary: true };

/** From the network, or the last one that came from there. */
async function newest(request) {
  const cache = await caches.open(LARGE);
  try {
    const response = await fetch(request);
    if (response.ok) await replace(cache, request, response.clone());
    return response;
  } catch (error) {
    const old = await cache.match(request, ANY);
    if (old) return old;
    throw error;
  }
}

/** What is kept, else from the network; large files are kept from then on. */
async function kept(request, url) {
  const old = await caches.match(request, ANY);
  if (old) return old;
  const response = await fetch(request);
  if (response.ok && /\/(litert|models)\//.test(url.pathname)) {
    await replace(await caches.open(LARGE), request, response.clone());
  }
  return response;
}

/** Puts a file in the place of those of the same name with another checksum. */
async function replace(cache, request, response) {
  await cache.delete(request, { ignoreSearch: true });
  await cache.put(request, response);
}
