/** What a command has of the world: where its words go, and the status that it leaves. Tests make their own. */
import util from 'node:util';
import type { Questions } from '../questions/questions.ts';

/** The answer is "no": a difference, a failed law, a mismatch. */
export const ANSWER_NO = 1;
/** Wrong usage, or a file that cannot be used. */
export const BAD_INPUT = 2;
/** A bug in Pagetape. */
export const BUG = 3;

export interface Context {
  /** Standard output. Resolves when more can be written. */
  readonly out: (text: string) => Promise<void>;
  /** Standard error. */
  readonly err: (text: string) => void;
  /** Whether standard output is a terminal. */
  readonly terminal: boolean;
  /** A tape that is open already, so that a question about it does not open it again. */
  readonly open?: { readonly file: string; readonly questions: Questions };
  /** The exit status. */
  status: number;
}

/** The world of a process. A reader that goes away, such as `head`, ends the program quietly. */
export function processContext(): Context {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(context.status);
  });
  const context: Context = {
    out: (text) => new Promise((resolve) => void process.stdout.write(text, () => resolve())),
    err: (text) => void process.stderr.write(text),
    terminal: process.stdout.isTTY === true,
    status: 0,
  };
  return context;
}

/** Lines as text. */
export const linesText = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

/** A value as JSON, on several lines for people who look at it, too. */
export const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Bold on a terminal, plain elsewhere. */
export function headingFor({ terminal }: Context): (text: string) => string {
  return terminal ? (text) => util.styleText('bold', text) : (text) => text;
}

/** Gathers small texts and writes them in large ones. */
export class BufferedOutput {
  private readonly context: Context;
  private parts: string[] = [];
  private length = 0;

  constructor(context: Context) {
    this.context = context;
  }

  async line(text: string): Promise<void> {
    this.parts.push(text);
    this.length += text.length + 1;
    if (this.length >= 1 << 16) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.parts.length === 0) return;
    const text = linesText(this.parts);
    this.parts = [];
    this.length = 0;
    await this.context.out(text);
  }
}
