const REPLACEMENT = '\uFFFD';
/** How JSON writes what databases refuse in text: NUL and lone surrogates. May also match an escaped backslash. */
const SUSPECT = /\\u(?:0000|d[89a-f])/i;
const UNSTORABLE = /\0|\p{Surrogate}/gu;

/** True when some text in the value may be refused by a store, judged by its JSON. */
export const mayBeUnstorable = (json: string): boolean => SUSPECT.test(json);

/** The value with every NUL and lone surrogate in its texts replaced, so that every store takes it. */
export function storable<Value>(value: Value): Value {
  return mayBeUnstorable(JSON.stringify(value) ?? '') ? (rewrite(value) as Value) : value;
}

function rewrite(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(UNSTORABLE, REPLACEMENT);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(rewrite);
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key.replace(UNSTORABLE, REPLACEMENT), rewrite(each)]),
  );
}
