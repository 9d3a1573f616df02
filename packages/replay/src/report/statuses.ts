/** What move_pages(2) wrote of each page, in words: entries that have the same status together. */
import { errnoName } from '@pagetape/events';

/** The statuses of a call; null: nothing was written there. */
export type Statuses = readonly (number | null)[];

/** Entries of a list are told up to so many; of more, their number. */
const PARTS = 8;

const MEANINGS: Readonly<Record<string, string>> = {
  ENOENT: 'no page is there',
  EFAULT: 'no area is there, or one that is not moved, or the zero page',
  EACCES: 'other mappings have it, too; only MPOL_MF_MOVE_ALL takes it',
  EBUSY: 'it was on no LRU list, so it could not be isolated',
  EAGAIN: 'it was busy up to the last pass',
  EINVAL: 'its file system can neither move nor write it',
  EIO: 'its file system could not move it',
  ENOMEM: 'no frame could be had for it',
  EPERM: 'locked in memory (mlock)',
};

/** "node 1", "EBUSY", "not written". */
export function statusWord(status: number | null): string {
  if (status === null) return 'not written';
  return status >= 0 ? `node ${status}` : errnoName(-status);
}

function statusMeaning(status: number | null): string {
  const word = statusWord(status);
  return MEANINGS[word] ? `${word} (${MEANINGS[word]})` : word;
}

/** "0..15, 17"; of a long list its beginning, and how many there are. */
export function entryList(entries: readonly number[]): string {
  const parts: string[] = [];
  for (let from = 0; from < entries.length;) {
    let to = from;
    while (to + 1 < entries.length && entries[to + 1] === entries[to] + 1) to++;
    parts.push(from === to ? `${entries[from]}` : `${entries[from]}..${entries[to]}`);
    from = to + 1;
  }
  return parts.length <= PARTS
    ? parts.join(', ')
    : `${parts.slice(0, PARTS).join(', ')}, … (${entries.length} entries)`;
}

/** The entries by what is said of them, in the order in which that comes first. */
export function entriesBy(length: number, say: (entry: number) => string): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (let entry = 0; entry < length; entry++) {
    const said = say(entry);
    const entries = found.get(said);
    if (entries) entries.push(entry);
    else found.set(said, [entry]);
  }
  return found;
}

/** "0..15 → node 1; 16 → EBUSY (it was on no LRU list, so it could not be isolated)" */
export function statusText(status: Statuses): string {
  const groups = entriesBy(status.length, (entry) => statusMeaning(status[entry]));
  return [...groups].map(([meaning, entries]) => `${entryList(entries)} → ${meaning}`).join('; ');
}
