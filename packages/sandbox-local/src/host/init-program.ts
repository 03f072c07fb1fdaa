import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The init as files: a folder that is complete in itself, and the file in it that Node runs. */
export function initProgram(): { folder: string; entry: string; file: string } {
  const fromSource = import.meta.url.endsWith('.ts');
  const file = fileURLToPath(new URL(fromSource ? '../init/main.ts' : './init/main.js', import.meta.url));
  return { folder: dirname(file), entry: fromSource ? 'main.ts' : 'main.js', file };
}
