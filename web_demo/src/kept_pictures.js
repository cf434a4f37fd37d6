// The visitor's own pictures and random looks, kept in this browser until they are removed. Without a storage, or
// with a full one, the page works all the same and forgets them.

const DATABASE = 'tunit';
const STORE = 'pictures';

let opened = null; // the database, for both lists

export class KeptPictures {
  #role;

  /** @param {'source' | 'look'} role The list that the pictures are in. */
  constructor(role) {
    this.#role = role;
  }

  /** Entries in the order in which they were added, as `put` has kept them. */
  async all() {
    try {
      const found = await run('readonly', (store) => store.getAll());
      return found.filter(({ role }) => role === this.#role).sort((a, b) => a.added - b.added);
    } catch {
      return [];
    }
  }

  /** Keeps an entry, or its new crop; whether that was possible. */
  async put({ hash, name, caption, blob, crop, seen, style, added }) {
    const kept = { role: this.#role, hash, name, caption, blob, crop, seen, style, added };
    try {
      await run('readwrite', (store) => store.put(kept));
      return true;
    } catch {
      return false; // the storage is full, or closed to this page
    }
  }

  async remove(hash) {
    await run('readwrite', (store) => store.delete([this.#role, hash])).catch(() => {});
  }
}

/** The outcome of one request, after its transaction is complete. */
async function run(mode, act) {
  opened ??= open().catch((error) => {
    opened = null; // the next one tries again
    throw error;
  });
  const transaction = (await opened).transaction(STORE, mode);
  const request = act(transaction.objectStore(STORE));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: ['role', 'hash'] });
    request.onsuccess = () => {
      request.result.onclose = () => (opened = null); // by the browser
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  });
}
