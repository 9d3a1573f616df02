import { checkLaws } from '/tmp/wt/modern/packages/replay/src/laws/checkLaws.ts';
import { loadOracle } from '/tmp/wt/modern/packages/replay/src/scenario/oracle.ts';
import { oracleFiles } from '/tmp/wt/modern/packages/replay/src/conform/conform.ts';
const pat = process.argv[3] ?? '';
let n = 0,
  bad = 0;
for (const file of oracleFiles([process.argv[2]!])) {
  if (!file.includes(pat)) continue;
  const { scenario } = loadOracle(file);
  const small = {
    ...scenario.machine,
    nodes: scenario.machine.nodes.map((x) => ({ ...x, pages: Math.min(x.pages, 2048) })),
  };
  const out = checkLaws({ machine: small, profile: scenario.profile, seed: '1', steps: scenario.steps } as never);
  n++;
  const fails = (out as never as { failures?: string[] }).failures ?? out;
  if ((fails as string[]).length) {
    bad++;
    console.log(file.split('/').pop(), String((fails as string[])[0]).slice(0, 300));
  }
}
console.log(n, bad);
