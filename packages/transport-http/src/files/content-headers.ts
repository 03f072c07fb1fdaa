import type { FileContent } from '@hhopkins/agent-core';
import { getMimeType } from 'hono/utils/mime';

/**
 * Headers for content that an agent wrote: shown in place when no browser can be made to run it, saved otherwise, and
 * sandboxed in either case.
 */
export function contentHeaders(path: string, file: FileContent): Record<string, string> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const type = getMimeType(name.toLowerCase()) ?? 'application/octet-stream';
  const modified = new Date(file.modifiedAt);
  return {
    'content-type': isSourceText(type) ? 'text/plain; charset=utf-8' : type,
    ...(isInert(type) ? {} : attachment(name)),
    'content-security-policy': 'sandbox',
    'cache-control': 'no-cache',
    etag: entityTag(file.hash),
    ...(Number.isNaN(modified.getTime()) ? {} : { 'last-modified': modified.toUTCString() }),
  };
}

const entityTag = (hash: string): string => `"${hash}"`;

/** Whether an `If-None-Match` header names the content with this hash. */
export function matchesTag(header: string | undefined, hash: string): boolean {
  if (header === undefined) return false;
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(entityTag(hash));
}

/** To be saved under `name`, whatever characters are in it (RFC 6266 and 8187). */
export function attachment(name: string): Record<string, string> {
  const ascii = name.replace(/[^\w. -]/g, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*!]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return { 'content-disposition': `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}` };
}

const typeOnly = (type: string): string => type.split(';')[0]?.trim() ?? '';

/** Code that a browser would run or apply is shown as the text it is. */
const isSourceText = (type: string): boolean =>
  /^(text\/(plain|css|javascript|markdown|csv|x-.*)|application\/(javascript|json|x-.*sh|toml|yaml))$/.test(
    typeOnly(type),
  );

/** An allow-list: HTML, SVG, XML, PDF and everything unknown are saved. */
const isInert = (type: string): boolean =>
  isSourceText(type) ||
  /^(image\/(png|jpeg|gif|webp|avif|bmp|x-icon)|audio\/.+|video\/.+)$/.test(typeOnly(type));
