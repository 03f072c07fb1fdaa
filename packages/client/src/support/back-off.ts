/** How long to wait before trying again. Milliseconds. */
export interface BackOff {
  first: number;
  maximum: number;
}

/**
 * Doubles with every failure up to the maximum. The second half of it is left to chance, so that many clients that lost
 * the same server do not come back at the same moment.
 *
 * @param failures in a row, at least 1
 * @param random in [0, 1)
 */
export function backOffMs({ first, maximum }: BackOff, failures: number, random: number): number {
  const whole = Math.min(maximum, first * 2 ** Math.min(failures - 1, 30));
  return Math.round(whole / 2 + (whole / 2) * random);
}
