/**
 * The small language in which `pagetape find` is asked: comparisons of fields, joined by and, or, not and brackets.
 * `kind=PageEvicted and (pfn=3 or node>0)`; a name alone is a kind of event. This file knows the form of it, not the fields.
 */

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=';

export type Expression =
  | { readonly is: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly is: 'not'; readonly of: Expression }
  | {
      readonly is: 'compare';
      readonly field: string;
      readonly operator: Operator;
      /** Any of these, for "="; none of these, for "!="; one alone for the others. */
      readonly values: readonly string[];
      /** Where the field and its first value stand in the text. */
      readonly at: number;
      readonly valueAt: number;
    };

/** A text that is no expression, or that names what there is not. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';

  constructor(message: string, text: string, at: number) {
    super(`${message}\n  ${text}\n  ${' '.repeat(at)}^`);
  }
}

interface Token {
  readonly text: string;
  readonly at: number;
  readonly type: 'word' | 'operator' | 'sign' | 'end';
}

const TOKEN = /\s*(?:(?<operator><=|>=|!=|==|=|<|>)|(?<sign>[(),])|"(?<quoted>[^"]*)"|(?<word>[^\s()<>=!,"]+))/y;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    const at = from + (/^\s*/.exec(text.slice(from))?.[0].length ?? 0);
    if (!match) throw new ExpressionError('this belongs to no expression', text, at);
    const { operator, sign, quoted, word } = match.groups as Record<string, string | undefined>;
    if (operator !== undefined) tokens.push({ text: operator === '==' ? '=' : operator, at, type: 'operator' });
    else if (sign !== undefined) tokens.push({ text: sign, at, type: 'sign' });
    else tokens.push({ text: quoted ?? word ?? '', at, type: 'word' });
  }
  return [...tokens, { text: '', at: end, type: 'end' }];
}

/** Reads an expression. Throws an ExpressionError that points at what is wrong. */
export function parseExpression(text: string): Expression {
  return new Parser(text).whole();
}

class Parser {
  private readonly text: string;
  private readonly tokens: readonly Token[];
  private next = 0;

  constructor(text: string) {
    this.text = text;
    this.tokens = tokensOf(text);
  }

  whole(): Expression {
    const found = this.either();
    if (this.token.type !== 'end') this.fail(`"and" or "or" should come before "${this.token.text}"`);
    return found;
  }

  private either(): Expression {
    let left = this.both();
    while (this.takes('or')) left = { is: 'or', left, right: this.both() };
    return left;
  }

  private both(): Expression {
    let left = this.one();
    while (this.takes('and')) left = { is: 'and', left, right: this.one() };
    return left;
  }

  private one(): Expression {
    if (this.takes('not')) return { is: 'not', of: this.one() };
    if (!this.takes('(')) return this.comparison();
    const inner = this.either();
    if (!this.takes(')')) this.fail('a bracket is not closed');
    return inner;
  }

  private comparison(): Expression {
    const { text: field, at } = this.word('a field, such as pfn=3, or a kind of event');
    if (this.token.type !== 'operator')
      return { is: 'compare', field: 'kind', operator: '=', values: [field], at, valueAt: at };
    const operator = this.take().text as Operator;
    const valueAt = this.token.at;
    const values = [this.word('a value').text];
    while (this.takes(',')) values.push(this.word('another value').text);
    if (values.length > 1 && operator !== '=' && operator !== '!=')
      throw new ExpressionError(`only "=" and "!=" take several values`, this.text, valueAt);
    return { is: 'compare', field, operator, values, at, valueAt };
  }

  private word(what: string): Token {
    if (this.token.type !== 'word' || ['and', 'or', 'not'].includes(this.token.text))
      this.fail(`here should be ${what}`);
    return this.take();
  }

  private get token(): Token {
    return this.tokens[this.next];
  }

  private take(): Token {
    return this.tokens[this.next++];
  }

  private takes(text: string): boolean {
    if (this.token.text !== text || this.token.type === 'end') return false;
    this.next++;
    return true;
  }

  private fail(message: string): never {
    throw new ExpressionError(message, this.text, this.token.at);
  }
}
