/** A new id of 128 random bits. `crypto.randomUUID` would be missing on pages that came over plain HTTP. */
export function createIdentifier(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
