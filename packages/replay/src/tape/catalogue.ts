/**
 * The agreement of a tape and its reader on what each event kind is. A tape carries the lines of its catalogue; a
 * reader reads the tape if it knows each kind so, or once knew it so. Otherwise it names the kinds that it knows
 * differently.
 */
import { catalogueLine, catalogueText, Hash64, type AnyEvent } from '@pagetape/events';
import { TapeError } from './error.ts';
import { olderKinds, writtenWith, type Written } from './upcast.ts';

const hashOf = (text: string): string => new Hash64().text(text).digest();

/** The hash of a catalogue, 16 hexadecimal digits; of this version's when none is given. */
export const catalogueHash = (text = catalogueText()): string => hashOf(text);

/**
 * In which version each kind of the tape's catalogue is. Throws a TapeError unless this reader, whose kinds are `today`,
 * knows or knew every one as the tape does.
 */
export function agreeOnCatalogue(text: string, hash: string, recordedBy: string, today: readonly AnyEvent[]): Written {
  if (hashOf(text) !== hash) {
    throw new TapeError(`the catalogue in the tape has the hash ${hashOf(text)}, and the header says ${hash}`);
  }
  const ours = new Map(today.map((event) => [`${event.number}`, [event, ...olderKinds(event)]]));
  const lines = text.split('\n').filter((line) => line !== '');
  const kindOf = (line: string): AnyEvent | undefined =>
    ours.get(numberOf(line))?.find((event) => reads(catalogueLine(event), line));
  const foreign = lines.filter((line) => !kindOf(line));
  if (foreign.length === 0)
    return writtenWith(
      lines.map((line) => kindOf(line) as AnyEvent),
      today,
    );
  const here = (line: string): string => quote(ours.get(numberOf(line))?.map(catalogueLine)[0]);
  const compare = (line: string): string => `"${shorten(line)}", here ${here(line)}`;
  const more = foreign.length > 3 ? ` and ${foreign.length - 3} more` : '';
  const kinds = foreign.slice(0, 3).map(compare).join('; ') + more;
  throw new TapeError(
    `the tape knows events that this version does not know so: ${kinds}. ` +
      `Read it with pagetape ${recordedBy}, or record the run again`,
  );
}

const numberOf = (line: string): string => line.slice(0, line.indexOf(' '));
const quote = (line: string | undefined): string => (line === undefined ? 'unknown' : `"${shorten(line)}"`);
const shorten = (line: string): string => (line.length > 400 ? `${line.slice(0, 400)}…` : line);

/** Whether our line of the catalogue reads events of theirs: it is the same, or has more words at the end of a list. */
function reads(ours: string, theirs: string): boolean {
  if (ours === theirs) return true;
  const [our, their] = [ours.split(/[ ,]/), theirs.split(/[ ,]/)];
  const more = (part: string, i: number): boolean =>
    part === our[i] || (part.includes('|') && our[i].startsWith(`${part}|`));
  return our.length === their.length && their.every(more);
}
