/**
 * Metrics in the text format of Prometheus. A name may carry labels, `name{label="value"}`; one that ends in `_total` is a
 * counter, the others are gauges. What is no valid name is left out rather than spoiling the rest.
 */
export function metricsText(metrics: Readonly<Record<string, number>>): string {
  const families = new Map<string, string[]>();
  for (const [name, value] of Object.entries(metrics)) {
    const family = FORM.exec(name)?.[1];
    if (family === undefined) continue;
    families.set(family, [...(families.get(family) ?? []), `${name} ${numberText(value)}`]);
  }
  return [...families]
    .map(([family, samples]) => {
      const type = family.endsWith('_total') ? 'counter' : 'gauge';
      return `# TYPE ${family} ${type}\n${samples.join('\n')}\n`;
    })
    .join('');
}

const FORM = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{[^\n]*\})?$/;

function numberText(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}
