/**
 * `npm run demo`: a run from its scenario to a tape and back, in the commands that a user would type. Each is printed, run
 * in this process, and its output shown; long outputs are cut where the rest says nothing new.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '@pagetape/replay';

const repository = fileURLToPath(new URL('..', import.meta.url));
const scenario = 'examples/01-swap-migrate-pages/scenario.yaml';

interface Shown {
  /** What is going to be seen. */
  readonly about: string;
  /** The command, as a user would type it. */
  readonly command: string;
  /** Which lines of its output are shown; usual: all. */
  readonly lines?: readonly [from: number, to: number];
  /** The exit status that is right. */
  readonly status?: number;
}

const COMMANDS: readonly Shown[] = [
  { about: 'Run a scenario, and record it on a tape.', command: `run ${scenario} -o one.tape` },
  {
    about: 'Replay the tape: events through the reducers alone give the same report and the same states.',
    command: 'replay one.tape',
    lines: [-3, Infinity],
  },
  { about: 'Verify it: the kernel functions run again and must give every event again.', command: 'verify one.tape' },
  {
    about: 'Why did a page stay? What step 21 did to a page that a device holds, event by event.',
    command: 'show one.tape --op 21 --pfn 152',
    lines: [0, 13],
  },
  {
    about: 'Run it with another seed: two tasks that touch the same pages at once now take other turns.',
    command: `run ${scenario} --seed 2 -o two.tape`,
    lines: [-2, Infinity],
  },
  { about: 'Where do the two runs part, and what became of it?', command: 'diff one.tape two.tape', status: 1 },
];

const WHOLE = [0, Infinity] as const;

const rule = '─'.repeat(100);

/** Runs a command, in the folder with the tapes. Returns its output; what goes wrong ends the demo. */
async function pagetape(command: string, folder: string, expected: number): Promise<string> {
  let out = '';
  const args = command.split(' ').map((word) => {
    if (word.endsWith('.tape')) return join(folder, word);
    return word === scenario ? join(repository, scenario) : word;
  });
  const context = {
    out: async (text: string) => void (out += text),
    err: (text: string) => void process.stderr.write(text),
    terminal: false,
    status: 0,
  };
  await runCommand(args, context);
  if (context.status !== expected) throw new Error(`pagetape ${command} left the status ${context.status}`);
  return out;
}

/** Some lines of a text; a negative number counts from its end. */
function excerpt(text: string, [from, to]: readonly [number, number]): string {
  const lines = text.trimEnd().split('\n');
  const shown = lines.slice(from, to);
  const before = from === 0 ? [] : ['…'];
  const after = shown.at(-1) === lines.at(-1) ? [] : ['…'];
  return [...before, ...shown, ...after].join('\n');
}

async function demo(folder: string): Promise<void> {
  for (const { about, command, lines = WHOLE, status = 0 } of COMMANDS) {
    const out = await pagetape(command, folder, status);
    console.log(`${rule}\n${about}\n$ pagetape ${command}\n\n${excerpt(out, lines)}\n`);
  }
  const { size } = statSync(join(folder, 'one.tape'));
  console.log(`${rule}\nThe tape one.tape has ${size} bytes. Next: change ${scenario} and run it again.`);
}

const folder = mkdtempSync(join(tmpdir(), 'pagetape-demo-'));
try {
  await demo(folder);
} finally {
  rmSync(folder, { recursive: true });
}
