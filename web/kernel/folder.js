/**
 * Keeps Python's folder `~/.spiraltorch` (the roundtable's rules and transcript) in IndexedDB over reloads.
 *
 * Each tab has a copy of its own while it is open, and storing one replaces what is stored. So only one tab stores: the
 * first. The others start from the same files, and what they add ends with them.
 */

const FOLDER = "/home/pyodide/.spiraltorch";
const LOCK = "spiraltorch-folder";
/** Long enough for a worker that was just replaced to have let go of the lock. */
const LOCK_MILLISECONDS = 300;

/** Mount the folder and fill it. Where storage is refused (private windows), it lives as long as the worker. */
export async function keepFolder(python) {
  const { FS } = python;
  FS.mkdirTree(FOLDER);
  const stores = await takeLock();
  try {
    FS.mount(FS.filesystems.IDBFS, { autoPersist: stores }, FOLDER);
    await new Promise((resolve, reject) => FS.syncfs(true, (error) => (error ? reject(error) : resolve())));
  } catch (error) {
    console.warn("spiraltorch: what the roundtable learns is not kept over a reload:", error);
  }
}

/** Whether this worker is the one that stores. The lock ends with the worker; insecure pages have no locks. */
async function takeLock() {
  if (!navigator.locks) return true;
  const { promise: taken, resolve } = Promise.withResolvers();
  navigator.locks
    .request(LOCK, { signal: AbortSignal.timeout(LOCK_MILLISECONDS) }, () => {
      resolve(true);
      return new Promise(() => {}); // held until the worker ends
    })
    .catch(() => resolve(false));
  return taken;
}
