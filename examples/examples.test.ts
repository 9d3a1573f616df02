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

/** What a command prints, and its exit status. */
async function answerOf(args: readonly string[]): Promise<{ out: string; err: string; status: number }> {
  let [out, err] = ['', ''];
  const context = {
    out: async (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    terminal: false,
    status: 0,
  };
  await runCommand(args, context);
  return { out, err, status: context.status };
}

/** What a command prints that has nothing to complain of. */
async function outputOf(t: ExecutionContext, args: readonly string[]): Promise<string> {
  const { out, err, status } = await answerOf(args);
  t.is(err, '');
  t.is(status, 0);
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

// --- the README -----------------------------------------------------------------------------------------------------

const readme = join(here, '..', 'README.md');

/** What a block of the README shows: commands, each with its output, of which "…" leaves out lines. */
function shownIn(block: string): { command: string; shown: string[] }[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command, ...shown] = part.trimEnd().split('\n');
      return { command, shown };
    });
}

/** Lines that differ in numbers alone are the same line at another time. */
const numberless = (line: string | undefined): string | undefined => line?.replace(/[0-9a-f]{16}|\d+/g, '#');

/** The lines that a command prints, but for those that "…" stands for: as many as are shown, from those on that begin alike. */
function asShown(t: ExecutionContext, shown: readonly string[], printed: readonly string[]): string[] {
  let at = 0;
  const lines = shown.map((line, i) => {
    if (line !== '…') return printed[at++] ?? '';
    const next = numberless(shown[i + 1]);
    at = next === undefined ? printed.length : printed.findIndex((each, n) => n >= at && numberless(each) === next);
    t.true(at >= 0, `no command prints "${shown[i + 1]}"`);
    return line;
  });
  t.is(at, printed.length, 'the README shows all that is printed, or says "…"');
  return lines;
}

test('the README shows what its commands print', async (t) => {
  const text = readFileSync(readme, 'utf8');
  const section = text.slice(text.indexOf('## A question, answered'), text.indexOf('## Use it'));
  let now = text;
  const commands = [...section.matchAll(/^```\n(\$ [\s\S]*?)^```$/gm)].flatMap(([, block]) => shownIn(block));
  t.true(commands.length >= 5);
  for (const { command, shown } of commands) {
    const words = command.match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', '')) ?? [];
    const args = words.slice(1).map((word) => {
      if (/\.tape(@\d+)?$/.test(word)) return join(scratch, word);
      return word.startsWith('examples/') ? join(here, '..', word) : word;
    });
    const { out } = await answerOf(args);
    const lines = asShown(t, shown, out.replaceAll(`${scratch}/`, '').trimEnd().split('\n'));
    now = now.replace([`$ ${command}`, ...shown].join('\n'), () => [`$ ${command}`, ...lines].join('\n'));
  }
  if (update) writeFileSync(readme, now);
  else t.is(text, now);
});
