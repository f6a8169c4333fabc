import { LatentError } from "../device/errors.ts";

/** Where tuning tables outlive the page or the process: texts by key. What it throws never stops the tuning. */
export interface TuningStore {
  /** What was saved under a key; null without it. */
  load(key: string): Promise<string | null>;
  /** Keeps a text under a key. */
  save(key: string, text: string): Promise<void>;
}

const NAME = "latentgpu";
const TABLES = "tuning";

/**
 * Keeps tuning tables in this origin's IndexedDB, which pages and workers share. In Node use `fileTuning`.
 *
 *     await gpu.tune((x) => matmul(x, x), [x], { store: browserTuning() });
 */
export const browserTuning = (): TuningStore => ({
  async load(key) {
    const text: unknown = await transact("readonly", (tables) => tables.get(key));
    return typeof text === "string" ? text : null;
  },
  async save(key, text) {
    await transact("readwrite", (tables) => tables.put(text, key));
  },
});

async function transact<T>(mode: IDBTransactionMode, act: (tables: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  if (!globalThis.indexedDB)
    throw new LatentError("unsupported", "browserTuning: no IndexedDB here. In Node use fileTuning of latentgpu/node.");
  try {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(TABLES);
    const database = await requestDone(opening);
    try {
      const transaction = database.transaction(TABLES, mode);
      const result = requestDone(act(transaction.objectStore(TABLES)));
      const committed = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error);
      });
      return (await Promise.all([result, committed]))[0];
    } finally {
      database.close();
    }
  } catch (cause) {
    throw new LatentError("unsupported", `browserTuning: this browser keeps nothing. ${String(cause)}`, { cause });
  }
}

const requestDone = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
