/** A `Host` header, or the same of an origin, taken apart. Names are lower case, IPv6 addresses without brackets. */
export interface HostPort {
  name: string;
  /** Absent when the header names none. */
  port: string | undefined;
}

const FORM = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9._-]{1,253}))(?::([0-9]{1,5}))?$/i;

/** Undefined when it is no host at all. */
export function parseHost(header: string): HostPort | undefined {
  const match = FORM.exec(header);
  if (!match) return undefined;
  const name = (match[1] ?? match[2] ?? '').toLowerCase().replace(/\.$/, '');
  return name === '' ? undefined : { name, port: match[3] };
}

const isIPv4 = (name: string): boolean => /^\d{1,3}(\.\d{1,3}){3}$/.test(name);

/** An address rather than a name: DNS has no say in it, so it cannot be rebound. */
export const isAddress = (name: string): boolean => name.includes(':') || isIPv4(name);

/** Names that reach this machine alone, whatever a DNS server answers. */
export function isLoopback(name: string): boolean {
  if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true;
  return isIPv4(name) && name.startsWith('127.');
}

/** Addresses to listen on that stand for every interface. */
export const isEveryInterface = (bind: string): boolean => bind === '' || bind === '0.0.0.0' || bind === '::';
