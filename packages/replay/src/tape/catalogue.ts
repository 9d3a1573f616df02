/**
 * The agreement of a tape and its reader on what each event kind is. A tape carries the lines of its catalogue; a
 * reader whose catalogue has all of them, unchanged, reads the tape. Otherwise it names the kinds that it knows
 * differently.
 */
import { catalogueText, Hash64 } from '@pagetape/events';
import { TapeError } from './error.ts';

const hashOf = (text: string): string => new Hash64().text(text).digest();

/** The hash of a catalogue, 16 hexadecimal digits; of this version's when none is given. */
export const catalogueHash = (text = catalogueText()): string => hashOf(text);

/** Throws a TapeError unless this reader knows every kind of the tape's catalogue as the tape does. */
export function agreeOnCatalogue(text: string, hash: string, recordedBy: string): void {
  if (hashOf(text) !== hash) {
    throw new TapeError(`the catalogue in the tape has the hash ${hashOf(text)}, and the header says ${hash}`);
  }
  const ours = new Map(catalogueText().split('\n').map(numbered));
  const foreign = text.split('\n').filter((line) => line !== '' && !reads(ours.get(numberOf(line)), line));
  if (foreign.length === 0) return;
  const compare = (line: string): string => `"${shorten(line)}", here ${quote(ours.get(numberOf(line)))}`;
  const more = foreign.length > 3 ? ` and ${foreign.length - 3} more` : '';
  const kinds = foreign.slice(0, 3).map(compare).join('; ') + more;
  throw new TapeError(
    `the tape knows events that this version does not know so: ${kinds}. ` +
      `Read it with pagetape ${recordedBy}, or record the run again`,
  );
}

const numberOf = (line: string): string => line.slice(0, line.indexOf(' '));
const numbered = (line: string): [string, string] => [numberOf(line), line];
const quote = (line: string | undefined): string => (line === undefined ? 'unknown' : `"${shorten(line)}"`);
const shorten = (line: string): string => (line.length > 400 ? `${line.slice(0, 400)}…` : line);

/** Whether our line of the catalogue reads events of theirs: it is the same, or has more words at the end of a list. */
function reads(ours: string | undefined, theirs: string): boolean {
  if (ours === undefined || ours === theirs) return ours === theirs;
  const [our, their] = [ours.split(/[ ,]/), theirs.split(/[ ,]/)];
  const more = (part: string, i: number): boolean =>
    part === our[i] || (part.includes('|') && our[i].startsWith(`${part}|`));
  return our.length === their.length && their.every(more);
}
