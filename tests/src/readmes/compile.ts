import { join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '../../..');

/** A document and the module that its TypeScript snippets make when they are read from top to bottom. */
export interface Document {
  /** Relative to the root of the repository. */
  path: string;
  snippets: number;
  /** Everything else is blank, so that a line of the module is the same line of the document. */
  module: string;
}

export function documentOf(path: string, markdown: string): Document {
  let inside = false;
  let snippets = 0;
  const lines = markdown.split('\n').map((line) => {
    const fence = line.startsWith('```');
    if (fence) {
      inside = !inside && line === '```ts';
      if (inside) snippets += 1;
    }
    return inside && !fence ? line : '';
  });
  return { path, snippets, module: lines.join('\n') };
}

/**
 * What strict TypeScript has against the snippets, by document. They see what their package depends on, and besides
 * everything of this workspace, as somebody who installed it does.
 */
export function compile(documents: readonly Document[]): Map<string, string[]> {
  const modules = new Map(documents.map(({ path, module }) => [`${join(root, path)}.ts`, module]));
  const program = ts.createProgram([...modules.keys()], compilerOptions(), hostWith(modules));
  const problems = new Map(documents.map(({ path }) => [path, [] as string[]]));
  for (const [index, file] of [...modules.keys()].entries()) {
    const source = program.getSourceFile(file);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    const path = documents[index]?.path ?? file;
    problems.get(path)?.push(...found.map((each) => describe(path, each)));
  }
  return problems;
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.node.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, root);
  return { ...options, noUnusedLocals: false, noUnusedParameters: false };
}

/** The file system of this machine, with the snippets as files beside their documents. */
function hostWith(modules: ReadonlyMap<string, string>): ts.CompilerHost {
  const options = compilerOptions();
  const host = ts.createCompilerHost(options);
  const cache = ts.createModuleResolutionCache(root, (name) => name, options);
  return {
    ...host,
    fileExists: (file) => modules.has(file) || host.fileExists(file),
    readFile: (file) => modules.get(file) ?? host.readFile(file),
    getSourceFile(file, how, ...rest) {
      const text = modules.get(file);
      // Named like this, a module is ESM whatever the nearest manifest says.
      const format = {
        languageVersion: ts.ScriptTarget.ES2023,
        impliedNodeFormat: ts.ModuleKind.ESNext,
      } as const;
      return text === undefined
        ? host.getSourceFile(file, how, ...rest)
        : ts.createSourceFile(file, text, { ...format, setExternalModuleIndicator: markAsModule });
    },
    resolveModuleNameLiterals: (literals, containing, redirect, given) =>
      literals.map(({ text }) => {
        const resolve = (from: string) =>
          ts.resolveModuleName(text, from, given, host, cache, redirect, ts.ModuleKind.ESNext);
        const found = resolve(containing);
        return found.resolvedModule || !modules.has(containing)
          ? found
          : resolve(join(root, 'tests/src/any.ts'));
      }),
  };
}

/** Snippets without an import are modules too: nothing of theirs is global. */
function markAsModule(file: ts.SourceFile): void {
  Object.assign(file, { externalModuleIndicator: true });
}

function describe(path: string, { file, start = 0, messageText }: ts.Diagnostic): string {
  const line = file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
  return `${path}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
}
