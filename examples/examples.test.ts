/** Each example prints what its texts say. `PAGETAPE_UPDATE=1 npm test` writes these files anew. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { runCommand } from '@pagetape/replay';

const here = fileURLToPath(new URL('.', import.meta.url));
const update = process.env['PAGETAPE_UPDATE'] === '1';
const scratch = mkdtempSync(join(tmpdir(), 'pagetape-examples-'));
test.after.always(() => rmSync(scratch, { recursive: true }));

/** What a command prints. It must have nothing to complain of. */
async function outputOf(t: ExecutionContext, args: readonly string[]): Promise<string> {
  let [out, err] = ['', ''];
  const context = {
    out: async (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    terminal: false,
    status: 0,
  };
  await runCommand(args, context);
  t.is(err, '');
  t.is(context.status, 0);
  return out;
}

function isAsWritten(t: ExecutionContext, out: string, expected: string): void {
  if (update) writeFileSync(expected, out);
  t.true(existsSync(expected), `${expected} is missing; PAGETAPE_UPDATE=1 npm test writes it`);
  t.is(out, readFileSync(expected, 'utf8'));
}

for (const name of readdirSync(here).filter((each) => /^\d\d-/.test(each))) {
  test(name, async (t) => {
    isAsWritten(t, await outputOf(t, ['run', `${here}${name}/scenario.yaml`]), `${here}${name}/expected.txt`);
  });
}

interface WhatIf {
  readonly steps: readonly { readonly step: number; readonly contrasts: readonly Contrast[] }[];
  readonly totals: readonly Contrast[];
}
interface Contrast {
  readonly what: string;
  readonly a: string;
  readonly b: string;
}

test('direct migration is faster than swap migration, needs no swap space, and keeps relative positions', async (t) => {
  const tape = join(scratch, 'swap.tape');
  const folder = `${here}02-swap-or-direct`;
  await outputOf(t, ['run', `${folder}/scenario.yaml`, '-o', tape]);
  const command = ['whatif', tape, '--after', '6', '--profile', 'linux-2.6.18'];
  isAsWritten(t, await outputOf(t, command), `${folder}/whatif.txt`);
  const { steps, totals } = JSON.parse(await outputOf(t, [...command, '--json'])) as WhatIf;
  const of = (contrasts: readonly Contrast[], what: string) => contrasts.find((each) => each.what === what);
  const [moved, touched] = steps;
  t.deepEqual(of(moved.contrasts, 'memory of db'), { what: 'memory of db', a: 'swap=64', b: 'N2=40 N3=24' });
  t.deepEqual(of(touched.contrasts, 'memory of db'), { what: 'memory of db', a: 'N1=64', b: 'N2=40 N3=24' });
  t.deepEqual(of(totals, 'pages written to swap'), { what: 'pages written to swap', a: '64', b: '0' });
  const time = of(totals, 'time of all steps');
  t.regex(time?.a ?? '', / ms$/);
  t.regex(time?.b ?? '', / us$/);
});
