import type { JsonSchema } from '../model-request.ts';

/** A value with the property names it may have in an agent's schema, the likeliest first. */
export type Candidate = [names: string[], value: unknown];

/**
 * Fills a tool's input from its own schema: each candidate goes under the first of its names that the schema
 * knows, and required properties that nobody has a value for get the smallest value of their type.
 */
export function fillInput(schema: JsonSchema, candidates: Candidate[]): Record<string, unknown> {
  const properties = schema.properties;
  const input: Record<string, unknown> = {};
  for (const [names, value] of candidates) {
    if (value === undefined) continue;
    const name = properties ? names.find((candidate) => Object.hasOwn(properties, candidate)) : names[0];
    if (name !== undefined) input[name] = fitType(value, properties?.[name]);
  }
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(input, name)) input[name] = smallestValue(properties?.[name] ?? {});
  }
  return input;
}

/** A command line is a list of arguments to some shell tools. */
function fitType(value: unknown, schema: JsonSchema | undefined): unknown {
  return typeof value === 'string' && schema?.type === 'array' ? ['bash', '-lc', value] : value;
}

const MAX_DEPTH = 8;

/** The smallest value that a schema allows, as far as the usual keywords say. */
export function smallestValue(schema: JsonSchema, depth = 0): unknown {
  if (schema.default !== undefined) return schema.default;
  if (schema.enum && schema.enum.length > 0) return schema.enum[0];
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'string':
      return '';
    case 'number':
    case 'integer':
      return typeof schema.minimum === 'number' ? schema.minimum : 0;
    case 'boolean':
      return false;
    case 'array': {
      const length = Math.min(schema.minItems ?? 0, depth < MAX_DEPTH ? 10 : 0);
      return Array.from({ length }, () => smallestValue(schema.items ?? {}, depth + 1));
    }
    case 'object': {
      if (depth >= MAX_DEPTH) return {};
      const required = schema.required ?? [];
      return Object.fromEntries(
        required.map((name) => [name, smallestValue(schema.properties?.[name] ?? {}, depth + 1)]),
      );
    }
    default:
      return null;
  }
}
