// Prints "passed failed skipped" from vitest's JSON report. A file that failed outside its tests counts as one failure.
import { readFileSync } from 'node:fs';

const { testResults } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const count = { passed: 0, failed: 0, skipped: 0 };
for (const file of testResults) {
  const statuses = file.assertionResults.map(({ status }) => status);
  for (const status of statuses) count[status in count ? status : 'skipped'] += 1;
  if (file.status === 'failed' && !statuses.includes('failed')) count.failed += 1;
}
console.log(count.passed, count.failed, count.skipped);
