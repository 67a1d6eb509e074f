/**
 * Keeps code and panel sizes over a reload: IndexedDB for all of it, and a note in localStorage for the last
 * keystrokes, since only that is certain to be written while a tab closes.
 */

const DATABASE = "spiraltorch-page";
const TABLE = "kept";
const NOTE = "spiraltorch-last-changes";

/** Open the database. Where storage is refused (private windows), values live as long as the page. */
export async function openKept() {
  try {
    return new Kept(await openDatabase());
  } catch {
    return new Kept(null);
  }
}

export class Kept {
  constructor(database) {
    this.database = database;
    this.fallback = new Map();
  }

  /** The value kept under a key, or undefined. */
  async get(key) {
    if (!this.database) return this.fallback.get(key);
    return settled(this.database.transaction(TABLE).objectStore(TABLE).get(key));
  }

  /** Keep a value. It is newer than what may have been noted under its key. */
  async set(key, value) {
    forgetNote(key);
    if (!this.database) {
      this.fallback.set(key, value);
      return;
    }
    await settled(this.database.transaction(TABLE, "readwrite").objectStore(TABLE).put(value, key));
  }

  /** Note a change that may not reach the database any more, since the page is closing. */
  noteLast(key, value) {
    try {
      localStorage.setItem(NOTE, JSON.stringify({ ...readNotes(), [key]: value }));
    } catch {
      // Storage is full or refused: the database has all but the last quarter of a second.
    }
  }

  /** Move noted changes into the database; call before the first `get`. */
  async recoverLast() {
    const notes = readNotes();
    await Promise.all(Object.entries(notes).map(([key, value]) => this.set(key, value)));
    if (Object.keys(notes).length > 0) localStorage.removeItem(NOTE);
  }
}

function forgetNote(key) {
  const { [key]: noted, ...others } = readNotes();
  if (noted !== undefined) localStorage.setItem(NOTE, JSON.stringify(others));
}

function readNotes() {
  try {
    return JSON.parse(localStorage.getItem(NOTE)) ?? {};
  } catch {
    return {};
  }
}

function openDatabase() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
  return settled(request);
}

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
