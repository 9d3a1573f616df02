/**
 * Where a text stops being JSON. `JSON.parse` says where in some cases only, and the YAML parser takes more than JSON:
 * comments, a comma after the last item, words without quotes.
 */

/** What is wrong, and where in the text. */
export interface JsonFault {
  readonly at: number;
  readonly message: string;
}

const BLANKS = /[ \t\r\n]*/y;
const MARK = /[[\]{}:,]/;
const TEXT = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/;
const WORD = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/;
/** A mark, or a whole value that is no list and no mapping. */
const TOKEN = new RegExp(`${MARK.source}|${TEXT.source}|${WORD.source}`, 'y');

/** What may come next. After "{" and "[" also their end; `more` is a comma or the end of what is open. */
type Next = 'value' | 'first value' | 'key' | 'first key' | 'colon' | 'more';

const WANTED: Readonly<Record<Exclude<Next, 'more'>, string>> = {
  value: 'a value',
  'first value': 'a value or "]"',
  key: 'a key in double quotes',
  'first key': 'a key in double quotes or "}"',
  colon: '":"',
};

/** The first fault of a text; undefined exactly for what `JSON.parse` takes. */
export function jsonFault(text: string): JsonFault | undefined {
  const open: ('[' | '{')[] = [];
  let next: Next = 'value';
  let at = matchAt(BLANKS, text, 0).length;
  while (open.length > 0 || next !== 'more') {
    const token = matchAt(TOKEN, text, at);
    const after = step(open, next, token);
    if (!after) return { at, message: `this is not JSON: ${complaint(open, next, token, at >= text.length)}` };
    next = after;
    at += token.length;
    at += matchAt(BLANKS, text, at).length;
  }
  return at < text.length ? { at, message: 'this is not JSON: the text goes on after its end; remove it' } : undefined;
}

/** Takes a token: what may come after it, or undefined when it may not stand here. */
function step(open: ('[' | '{')[], next: Next, token: string): Next | undefined {
  const end = open.at(-1) === '{' ? '}' : ']';
  if (token === end && open.length > 0 && (next === 'more' || next.startsWith('first'))) {
    open.pop();
    return 'more';
  }
  const afterComma = end === '}' ? 'key' : 'value';
  if (next === 'more') return token === ',' && open.length > 0 ? afterComma : undefined;
  if (next === 'colon') return token === ':' ? 'value' : undefined;
  if (next === 'key' || next === 'first key') return token.startsWith('"') ? 'colon' : undefined;
  if (token === '[' || token === '{') {
    open.push(token);
    return token === '[' ? 'first value' : 'first key';
  }
  return /^[\]},:]?$/.test(token) ? undefined : 'more';
}

function complaint(open: readonly string[], next: Next, token: string, ended: boolean): string {
  const end = open.at(-1) === '{' ? '}' : ']';
  if (next === 'more') return ended ? `a "${end}" is missing` : `"," or "${end}" should stand here`;
  if (!ended && token === end && (next === 'key' || (next === 'value' && end === ']' && open.length > 0)))
    return `no "," may stand before this "${end}"; remove the comma`;
  return `${WANTED[next]} should stand here`;
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}
