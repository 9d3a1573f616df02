/** What `pagetape conform` says to people: the count first, then each scenario that is not as recorded. */
import type { ConformReport, ScenarioReport } from './conform.ts';

const value = (it: unknown): string => (typeof it === 'string' ? it : JSON.stringify(it));

function mismatch({ file, profile, step, field, expected, got }: ScenarioReport): string[] {
  return [
    `${file}  step ${step} under ${profile}: ${field}`,
    `    expected  ${value(expected)}`,
    `    got       ${value(got)}`,
  ];
}

function unsupported({ file, profile, step, field }: ScenarioReport): string[] {
  const where = step === undefined ? '' : `  step ${step} under ${profile}`;
  return [`${file}${where}: ${field} is not simulated`];
}

/** Lines to print. Steps are counted from 0, as in the recorded scenarios. */
export function printConform(report: ConformReport): string[] {
  const { matched, total, scenarios } = report;
  const lines = [`matched ${matched} of ${total} (${report.unsupported} unsupported)`];
  for (const scenario of scenarios) {
    if (scenario.status === 'mismatched') lines.push('', ...mismatch(scenario));
  }
  const missing = scenarios.filter(({ status }) => status === 'unsupported');
  if (missing.length > 0) lines.push('', ...missing.flatMap(unsupported));
  return lines;
}
