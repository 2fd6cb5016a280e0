/** Opening takes this long at most, in milliseconds: a browser may never answer, or another tab may be in the way. */
const OPEN_MS = 5_000

/** Object store of the keys of users, and of their records. */
export const KEYS = 'keys'
export const RECORDS = 'records'
/** Index of the records that a server has, too, by the time they were written, in milliseconds since 1970. */
export const AGES = 'at'

/** Opens the database of this origin. It rejects when there is none to be had. */
export function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the database does not open')), OPEN_MS)
    const request = indexedDB.open('corsia', 2)
    request.onupgradeneeded = ({ oldVersion }) => {
      const { result: db, transaction } = request
      if (oldVersion < 1) for (const name of [KEYS, RECORDS]) db.createObjectStore(name)
      transaction?.objectStore(RECORDS).createIndex(AGES, AGES)
    }
    request.onsuccess = () => {
      clearTimeout(late)
      resolve(request.result)
    }
    request.onerror = () => reject(request.error)
  })
}

/** Returns what the request gives. */
export function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** Waits until the transaction is on the disk; it rejects when nothing of it is. */
export function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'))
  })
}
