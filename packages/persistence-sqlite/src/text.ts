const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Text that was selected as BLOB: as TEXT, Node 22 ends it at the first NUL. */
export function textOf(bytes: unknown): string {
  return bytes instanceof Uint8Array ? decoder.decode(bytes) : String(bytes);
}
