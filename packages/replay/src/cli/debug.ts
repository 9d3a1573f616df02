/** `pagetape debug`: a terminal debugger for tapes, which reads scripts as well. */
import { createInterface, type Interface } from 'node:readline';
import type { Command } from 'commander';
import type { Session } from '../debug/session.ts';
import type { Verb } from '../debug/verbs.ts';
import { BAD_INPUT, linesText, type Context } from './context.ts';
import { UsageError } from './errors.ts';

interface Options {
  readonly json?: boolean;
  readonly command?: readonly string[];
}

const HELP = `
Commands come from the terminal, or from a pipe: pagetape debug X.tape < script. In a script an empty line or one that begins
with # is passed over, and the first command that cannot be done ends it with exit status 2.
Begin with "help".`;

const PAGES =
  'A page is as db heap+3 or db:heap+3, or has an address as 0x40003000. Lists are those of the kernel: active, inactive-anon, …';

/** Commands of pagetape that answer questions about a position; the debugger hands them on with it. */
const QUESTIONS = ['why', 'who', 'at', 'diff', 'find', 'show'];

export function define(command: Command, context: Context): void {
  command
    .argument('<tape>', 'a tape, or a position on one, as X.tape@120')
    .option('-c, --command <text...>', 'do these commands instead of reading any')
    .option('--json', 'print one JSON object a command: command, seq, lines')
    .addHelpText('after', HELP)
    .action(async (position: string, options: Options) => debug(position, options, context));
}

async function debug(text: string, options: Options, context: Context): Promise<void> {
  const { openTimeline } = await import('./tape.ts');
  const { Session } = await import('../debug/session.ts');
  const { VERBS } = await import('../debug/verbs.ts');
  const { file, timeline } = openTimeline(text, context);
  const debuggerOf = new Debugger(new Session(file, timeline), VERBS, options.json ?? false, context);
  try {
    if (options.command) await debuggerOf.script(options.command);
    else if (process.stdin.isTTY === true && context.terminal) await debuggerOf.converse();
    else await debuggerOf.script(createInterface({ input: process.stdin }));
  } finally {
    timeline.close();
  }
}

class Debugger {
  private readonly session: Session;
  private readonly verbs: readonly Verb[];
  private readonly json: boolean;
  private readonly context: Context;
  private over = false;

  constructor(session: Session, verbs: readonly Verb[], json: boolean, context: Context) {
    this.session = session;
    this.verbs = verbs;
    this.json = json;
    this.context = context;
  }

  /** Does commands up to the first that cannot be done. */
  async script(lines: Iterable<string> | AsyncIterable<string>): Promise<void> {
    let number = 0;
    for await (const line of lines) {
      number++;
      const text = line.trim();
      if (text === '' || text.startsWith('#')) continue;
      try {
        await this.do(text);
      } catch (error) {
        if (!isAboutInput(error)) throw error;
        this.context.err(`error: command ${number}, "${text}": ${error.message}\n`);
        this.context.status = BAD_INPUT;
        return;
      }
      if (this.over) return;
    }
  }

  /** Talks with somebody at a terminal. An empty line does the last command again. */
  async converse(): Promise<void> {
    const terminal = createInterface({
      input: process.stdin,
      output: process.stdout,
      completer: (line: string) => this.complete(line),
      prompt: '',
    });
    await this.context.out(
      `${this.session.position}: ${this.session.timeline.last} events; "help" says what can be done\n`,
    );
    let last = '';
    this.prompt(terminal);
    for await (const line of terminal) {
      const text = line.trim() === '' ? last : line.trim();
      last = text;
      if (text !== '') await this.try(text);
      if (this.over) break;
      this.prompt(terminal);
    }
    terminal.close();
  }

  private prompt(terminal: Interface): void {
    terminal.setPrompt(`@${this.session.timeline.seq}> `);
    terminal.prompt();
  }

  private async try(text: string): Promise<void> {
    try {
      await this.do(text);
    } catch (error) {
      if (!isAboutInput(error)) throw error;
      this.context.err(`${error.message}\n`);
    }
  }

  private async do(text: string): Promise<void> {
    const [, name = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
    if (name === 'quit' || name === 'q') {
      this.over = true;
      return;
    }
    if (QUESTIONS.includes(name)) return this.ask(text, name, rest);
    const lines =
      name === 'help' || name === 'h' ? await this.help(rest) : (await this.find(name)).run(this.session, rest.trim());
    await this.say(text, lines);
  }

  private async say(command: string, lines: readonly string[]): Promise<void> {
    const { seq } = this.session.timeline;
    await this.context.out(this.json ? `${JSON.stringify({ command, seq, lines })}\n` : linesText(lines));
  }

  private async find(name: string): Promise<Verb> {
    const found = this.verbs.find((verb) => verb.name === name || verb.short === name);
    if (found) return found;
    const begun = this.verbs.filter((verb) => verb.name.startsWith(name));
    if (begun.length === 1) return begun[0];
    const { insteadOf } = await import('../scenario/suggest.ts');
    throw new UsageError(
      `there is no command "${name}"; ${insteadOf(
        name,
        this.verbs.map((verb) => verb.name),
        '"help" lists them',
      )}`,
    );
  }

  /** Lets a command of pagetape answer, at the position. */
  private async ask(text: string, name: string, rest: string): Promise<void> {
    const { main } = await import('./program.ts');
    const words = [...rest.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word);
    const { session, context } = this;
    const { file, timeline, questions } = session;
    const { seq } = timeline;
    const target = name === 'show' || name === 'find' ? file : session.position;
    if (name === 'diff') words[0] = there(words[0] ?? '', file, timeline.last);
    let said = '';
    const answer = {
      ...context,
      status: 0,
      open: { file, questions },
      out: async (more: string) => void (said += more),
    };
    await main([name, target, ...words], answer);
    timeline.seek(seq);
    if (answer.status >= BAD_INPUT) throw new UsageError(`"${name}" could not answer`);
    await this.say(text, said.trimEnd().split('\n'));
  }

  private async help(of: string): Promise<readonly string[]> {
    const { helpLines, THINGS } = await import('../debug/verbs.ts');
    const things = ['', 'A THING is one of', ...THINGS.map((form) => `  ${form}`), PAGES];
    if (of !== '') {
      const { name, short, takes, help } = await this.find(of);
      const also = short === undefined ? '' : `, or ${short}`;
      return [`${name} ${takes}${also}`, `  ${help}`, ...(takes === 'THING' ? things : [])];
    }
    const own = { short: '', takes: '' };
    return [
      ...helpLines([
        ...this.verbs,
        { ...own, name: 'why, who, at, find, show', help: 'ask as on the command line, without the name of the tape' },
        { ...own, name: 'diff', takes: 'SEQ|X.tape@SEQ', help: 'what differs there from here' },
        { name: 'quit', short: 'q', takes: '', help: 'leave' },
      ]),
      ...things,
    ];
  }

  /** Completes the verb, or the last word after it. */
  private complete(line: string): [string[], string] {
    const [, name, rest] = /^\s*(\S+)\s+(.*)$/s.exec(line) ?? [];
    const names = [...this.verbs.map((verb) => verb.name), ...QUESTIONS, 'help', 'quit'];
    if (name === undefined || rest === undefined) return completions(names, line.trim());
    const verb = this.verbs.find((each) => each.name === name || each.short === name);
    const word = rest.split(/\s+/).at(-1) ?? '';
    const words = name === 'help' ? names : (verb?.words?.(this.session) ?? this.wordsOfQuestion(name));
    return completions(words, word);
  }

  /** What may follow a question: its options, and pages. */
  private wordsOfQuestion(name: string): readonly string[] {
    const { cold } = this.session.timeline.state;
    const owners = new Map(Object.values(cold.tasks).map((task) => [task.mm, task.name]));
    const pages = cold.regions.flatMap((region) => {
      const owner = owners.get(region.mm);
      return owner === undefined ? [] : [`${owner}:${region.name}`];
    });
    return QUESTIONS.includes(name) ? ['--page', '--area', '--counter', '--thing', '--field', '--task', ...pages] : [];
  }
}

/** The words that begin so. A single one is complete: a space follows. */
function completions(words: readonly string[], begun: string): [string[], string] {
  const found = words.filter((each) => each.startsWith(begun));
  return [found.length === 1 ? [`${found[0]} `] : found, begun];
}

/** A position to compare with: one of the tape that is open by its number alone, or one that names its tape. */
function there(text: string, file: string, last: number): string {
  if (text === '') throw new UsageError('say what to compare with: a position, as 120, or X.tape@120');
  if (text === 'start' || text === 'end') return `${file}@${text === 'start' ? 0 : last}`;
  return /^@?\d+$/.test(text) ? `${file}@${text.replace('@', '')}` : text;
}

/** Whether somebody gave us something wrong, so that the next command may be right. */
function isAboutInput(error: unknown): error is Error {
  return (
    error instanceof Error &&
    ['TargetError', 'UsageError', 'ExpressionError', 'ScenarioFault', 'NotSimulated'].includes(error.name)
  );
}
