/** A file of YAML, or of JSON when it is called so, that still knows where everything stands. */
import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type ParsedNode,
  type YAMLError,
} from 'yaml';
import { jsonFault } from './json.ts';
import { printPath, ScenarioError, type Finding, type Path, type ShownProblem } from './problem.ts';

/** From where to where in the text. */
type Span = readonly [start: number, end: number];

/** What the YAML library says may quote much of the file. */
const MESSAGE_MAX = 120;

export class Source {
  readonly file: string;
  readonly #text: string;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;

  /** Throws ScenarioError when the text is no YAML, or in a file `.json` no JSON: all of JSON is YAML, too. */
  constructor(text: string, file: string) {
    this.file = file;
    this.#text = text;
    this.#lines = new LineCounter();
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, version: '1.2' });
    const errors = [...this.#document.errors, ...this.#document.warnings];
    const fault = file.endsWith('.json') ? jsonFault(text.replace(/^\ufeff/, ' ')) : undefined;
    if (fault) throw new ScenarioError(file, [this.#problem([fault.at, fault.at + 1], '', fault.message)]);
    if (errors.length === 0) this.#checkAliases();
    else throw this.#syntaxError(errors);
  }

  /** The data. Keys are strings. */
  get value(): unknown {
    return this.#document.toJS({ maxAliasCount: 100 });
  }

  /** What stands at the path, word for word; undefined when that is nothing or more than a few words. */
  quote(path: Path): string | undefined {
    const node = this.#node(path);
    if (!node) return undefined;
    const text = this.#text.slice(...spanOf(node));
    return text === '' || text.length > 40 || text.includes('\n') ? undefined : text;
  }

  /** An error that tells all the findings, in the order of the file. */
  error(findings: readonly Finding[]): ScenarioError {
    const problems = findings.map(({ path, at, message }) =>
      this.#problem(this.#span(path, at), printPath(path), message),
    );
    problems.sort((a, b) => a.line - b.line || a.column - b.column);
    return new ScenarioError(this.file, problems);
  }

  #syntaxError(errors: readonly YAMLError[]): ScenarioError {
    const problems = errors.map(({ code, message, pos: [start, end] }) => {
      const span: Span = code === 'DUPLICATE_KEY' ? [start, start + this.#wordAt(start).length] : [start, end];
      return this.#problem(span, '', this.#say(code, message, start));
    });
    return new ScenarioError(this.file, problems);
  }

  #problem([start, end]: Span, path: string, message: string): ShownProblem {
    const { line, col } = this.#lines.linePos(Math.min(start, this.#text.trimEnd().length));
    const from = this.#lines.lineStarts[line - 1] ?? 0;
    const source = this.#text.slice(from).split(/\r?\n/, 1)[0] ?? '';
    return { line, column: col, path, message, source, length: Math.max(1, end - start) };
  }

  /** What the YAML library found, in our words where its own assume that one knows YAML well. */
  #say(code: string, message: string, start: number): string {
    if (code === 'DUPLICATE_KEY') return `"${this.#wordAt(start)}" is given twice; leave one of them out`;
    const bracket = /end with a ([\]}])$/.exec(message)?.[1];
    if (bracket) return `a "${bracket}" is missing, here or before`;
    if (code === 'MULTIPLE_DOCS') return 'a second document begins here; a file holds one scenario';
    if (code === 'TAB_AS_INDENT') return 'a tab indents this line; YAML wants blanks';
    const short = message.length > MESSAGE_MAX ? `${message.slice(0, MESSAGE_MAX)}…` : message;
    return `this is not YAML: ${short.charAt(0).toLowerCase()}${short.slice(1)}`;
  }

  #wordAt(start: number): string {
    return /^"?([\w$-]*)/.exec(this.#text.slice(start))?.[1] ?? '';
  }

  #checkAliases(): void {
    visit(this.#document, {
      Alias: (_, alias) => {
        if (alias.resolve(this.#document)) return;
        const message = `nothing is called "&${alias.source}" before this place; write it out, or mark it so`;
        throw new ScenarioError(this.file, [this.#problem(spanOf(alias as ParsedNode), '', message)]);
      },
    });
  }

  /** The place that is shown for a path; for what is not in the file, the nearest thing that it should be in. */
  #span(path: Path, at: 'key' | 'value'): Span {
    const node = at === 'value' ? this.#node(path) : undefined;
    if (node) return spanOf(node);
    const parent = this.#node(path.slice(0, -1));
    const key = isMap(parent) ? parent.items.find((pair) => keyOf(pair.key) === path[path.length - 1])?.key : undefined;
    if (key && isScalar(key) && key.range) return [key.range[0], key.range[1]];
    if (path.length === 0) return [0, 1];
    return this.#missing(parent, path.slice(0, -1));
  }

  /** Where to point when something is missing in `parent`: at the word that says what it is. */
  #missing(parent: ParsedNode | undefined, path: Path): Span {
    if (!isMap(parent)) return this.#span(path, 'key');
    const first = parent.items[0];
    const op = parent.items.find((pair) => keyOf(pair.key) === 'op')?.value;
    if (isScalar(op) && op.range) return [op.range[0], op.range[1]];
    if (path.length > 0 && typeof path[path.length - 1] === 'string') return this.#span(path, 'key');
    if (isPair(first) && isScalar(first.key) && first.key.range) return [first.key.range[0], first.key.range[1]];
    return spanOf(parent);
  }

  #node(path: Path): ParsedNode | undefined {
    let node = this.#resolve(this.#document.contents);
    for (const part of path) {
      if (isMap(node)) node = this.#resolve(node.items.find((pair) => keyOf(pair.key) === part)?.value);
      else if (isSeq(node)) node = this.#resolve(node.items[Number(part)]);
      else return undefined;
    }
    return node;
  }

  #resolve(node: unknown): ParsedNode | undefined {
    if (isAlias(node)) return node.resolve(this.#document) as ParsedNode | undefined;
    return (node ?? undefined) as ParsedNode | undefined;
  }
}

function keyOf(key: unknown): string {
  return isScalar(key) ? String(key.value) : '';
}

function spanOf(node: ParsedNode): Span {
  return [node.range[0], node.range[1]];
}
