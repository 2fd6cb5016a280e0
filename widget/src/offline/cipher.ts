const ALGORITHM = 'AES-GCM'
const IV_BYTES = 12

/** Returns a new key of 256 bits, which can be used and kept by the browser, but not be read. */
export function newKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: ALGORITHM, length: 256 }, false, ['encrypt', 'decrypt'])
}

/** Encrypts data that is kept at a place: a random initialisation vector, then what only the key, at that place, opens. */
export async function seal(key: CryptoKey, at: readonly string[], data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
  const secret = await crypto.subtle.encrypt(parameters(iv, at), key, data)
  const whole = new Uint8Array(IV_BYTES + secret.byteLength)
  whole.set(iv)
  whole.set(new Uint8Array(secret), IV_BYTES)
  return whole
}

/** Decrypts what `seal` gave. It rejects when the key, the place or a single bit is another. */
export async function unseal(key: CryptoKey, at: readonly string[], whole: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const iv = whole.slice(0, IV_BYTES)
  return new Uint8Array(await crypto.subtle.decrypt(parameters(iv, at), key, whole.slice(IV_BYTES)))
}

function parameters(iv: Uint8Array<ArrayBuffer>, at: readonly string[]): AesGcmParams {
  return { name: ALGORITHM, iv, additionalData: new TextEncoder().encode(JSON.stringify(at)) }
}
