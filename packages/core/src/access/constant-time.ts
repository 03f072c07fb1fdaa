const encoder = new TextEncoder();

/** Whether two secrets are the same; the time it takes depends on what was presented only, never on where they differ. */
export function equalsInConstantTime(presented: string, expected: string): boolean {
  const left = encoder.encode(presented);
  const right = encoder.encode(expected);
  let difference = left.length ^ right.length;
  for (let index = 0; index < left.length; index += 1) {
    difference |= (left[index] ?? 0) ^ (right[index % Math.max(right.length, 1)] ?? 0);
  }
  return difference === 0;
}
