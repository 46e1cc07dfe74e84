// Files of folders that were dropped, kept by this browser over a reload. Older ones are deleted.

const STORE = "folders";
const OLDEST_MS = 3_600_000; // as long as the server keeps pictures

const ended = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function within(act) {
  const opening = indexedDB.open("nitidez-compare", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await ended(opening);
  try {
    const work = database.transaction(STORE, "readwrite");
    const result = ended(act(work.objectStore(STORE)));
    await new Promise((resolve, reject) => {
      work.oncomplete = resolve;
      work.onabort = () => reject(work.error);
    });
    return await result;
  } finally {
    database.close();
  }
}

// A key is when its files were first kept, and which tab's they are.
export const newKey = () => [Date.now(), Math.random()];

// Rejects where the browser keeps nothing, or has no room for them.
export const keepFiles = (key, files) => within((store) => store.put(files, key));

// What was kept under a key; undefined where nothing is.
export const keptFiles = (key) => within((store) => store.get(key));

export const dropFiles = (key) => within((store) => store.delete(key));

export const dropOldFiles = () => within((store) => store.delete(IDBKeyRange.upperBound([Date.now() - OLDEST_MS])));
