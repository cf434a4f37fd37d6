// The service worker: the page without a network, and the headers that allow threads.

const FIRST_VISIT = 4000; // ms to wait for a service worker that has just been installed
const TRIED = 'tunit-isolation-tried';

/**
 * Registers the service worker. On a first visit the page is loaded again under its control, since
 * only then the browser allows threads; nothing else has been loaded by then.
 *
 * @param {() => boolean} untouched Whether the visitor has done nothing yet that a reload would lose.
 * @returns {Promise<boolean>} Whether a reload is under way, so that the caller starts nothing.
 */
export async function register(untouched) {
  if (!('serviceWorker' in navigator)) return false;
  const { serviceWorker } = navigator;
  try {
    const known = await serviceWorker.getRegistration();
    const registering = serviceWorker.register(new URL('service_worker.js', document.baseURI));
    if (crossOriginIsolated || !needsReload(known, serviceWorker)) {
      registering.catch(() => {});
      return false;
    }
    await Promise.race([
      registering.then((registration) => controlled(serviceWorker, registration)),
      new Promise((_, reject) => setTimeout(reject, FIRST_VISIT)),
    ]);
  } catch {
    return false; // private windows and plain http have none
  }
  if (!untouched()) return false;
  sessionStorage.setItem(TRIED, 'yes');
  location.reload();
  return true;
}

/**
 * Whether threads can be had by loading the page again. A hard reload goes past an active service
 * worker on purpose: then no event will come that could be waited for.
 */
function needsReload(known, serviceWorker) {
  if (sessionStorage.getItem(TRIED) || navigator.hardwareConcurrency < 2) return false;
  return !known?.active || serviceWorker.controller !== null;
}

/** Resolves once the page is under control; rejects if the service worker cannot be installed. */
function controlled(serviceWorker, { installing }) {
  return new Promise((resolve, reject) => {
    if (serviceWorker.controller) resolve();
    serviceWorker.addEventListener('controllerchange', resolve, { once: true });
    installing?.addEventListener('statechange', () => installing.state === 'redundant' && reject());
  });
}
