import { execFileSync } from 'node:child_process';
import { lstatSync, readlinkSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Beside `/usr`: links into it on most systems, folders of their own on others. */
const TOP_LEVEL = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

/** What of `/etc` programs need and everyone may know. */
const CONFIGURATION = [
  '/etc/alternatives',
  '/etc/ca-certificates',
  '/etc/crypto-policies',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/localtime',
  '/etc/mime.types',
  '/etc/os-release',
  '/etc/pki',
  '/etc/ssl',
];

/** The system's programs and libraries, read-only. @param network whether names are to be resolved as on the host */
export function systemArguments(network: 'none' | 'open'): string[] {
  const configuration = network === 'open' ? [...CONFIGURATION, '/etc/resolv.conf'] : CONFIGURATION;
  return [
    ...['--ro-bind', '/usr', '/usr'],
    ...TOP_LEVEL.flatMap(topLevel),
    ...configuration.flatMap((path) => ['--ro-bind-try', path, path]),
  ];
}

function topLevel(path: string): string[] {
  try {
    if (lstatSync(path).isSymbolicLink()) return ['--symlink', readlinkSync(path), path];
    return ['--ro-bind', path, path];
  } catch {
    return [];
  }
}

/** Files of `/etc` that are the sandbox's own, by name. */
const OWN_CONFIGURATION: Readonly<Record<string, string>> = {
  passwd:
    'root:x:0:0:root:/root:/bin/sh\nagent:x:1000:1000:agent:/home/agent:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  group: 'root:x:0:\nagent:x:1000:\nnogroup:x:65534:\n',
  hosts: '127.0.0.1 localhost sandbox\n::1 localhost sandbox\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
};

export const OWN_CONFIGURATION_FILES = Object.keys(OWN_CONFIGURATION);

export async function writeOwnConfiguration(folder: string): Promise<void> {
  for (const [name, content] of Object.entries(OWN_CONFIGURATION)) {
    await writeFile(join(folder, name), content, { mode: 0o644 });
  }
}

/** Libraries that the Node.js program needs from outside the system's own folders. */
export function librariesOf(program: string): string[] {
  let listing: string;
  try {
    listing = execFileSync('ldd', [program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return []; // Linked statically, or there is no ldd; a start that fails for it says so.
  }
  const paths = [...listing.matchAll(/=> (\/\S+)/g)].map((match) => match[1] as string);
  return paths.filter((path) => !/^\/(usr|lib|lib32|lib64|libx32)\//.test(path));
}
