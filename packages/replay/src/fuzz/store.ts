/**
 * The record of a campaign: a file with a line of JSON for its plan and one for each batch that is done. It is only ever appended to,
 * a line at once, so that a kill at any moment loses at most the batches in hand, and none is counted twice. A line that was cut off is
 * dropped. Such a file needs no library, is read by any tool, and a campaign of a million seeds has a thousand lines; that is why
 * it is no SQL database.
 */
import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { PRNG_NAME } from '@pagetape/core';
import { catalogueHash } from '../tape/catalogue.ts';
import { reducingKey } from '../timeline/key.ts';
import type { BatchResult } from './batch.ts';

/** What all batches of a campaign have in common. */
export interface Plan {
  readonly profiles: readonly string[];
  /** The first seed, and how many for each profile. */
  readonly start: number;
  readonly programs: number;
  readonly deep: number;
  readonly relations: number;
}

/** What programs depend on besides their seeds. */
export interface Identity {
  readonly prng: string;
  readonly catalogue: string;
  readonly reducers: string;
}

export const identity = (): Identity => ({
  prng: PRNG_NAME,
  catalogue: catalogueHash(),
  reducers: reducingKey().slice(0, 16),
});

/** A record cannot go on: the message is a sentence with the way out. */
export class CampaignError extends Error {
  override readonly name = 'CampaignError';
}

export interface Store {
  /** The plan that is on record; with more programs, if more are asked for now. */
  readonly plan: Plan;
  /** Batches that are done. */
  readonly done: readonly BatchResult[];
  add(result: BatchResult): void;
}

/** A record in memory, for campaigns that nobody goes on with. */
export function memoryStore(plan: Plan): Store {
  const done: BatchResult[] = [];
  return { plan, done, add: (result) => void done.push(result) };
}

/** Opens the record in a file, or begins one. Throws a CampaignError where the file is of another campaign. */
export function fileStore(file: string, plan: Plan): Store {
  const lines = existsSync(file) ? wholeLines(file) : [];
  const write = (line: unknown): void => appendFileSync(file, `${JSON.stringify(line)}\n`);
  if (lines.length === 0) write({ campaign: plan, ...identity() });
  else agree(file, lines[0], plan);
  const done = lines.slice(1).map((line) => (JSON.parse(line) as { batch: BatchResult }).batch);
  return {
    plan,
    done,
    add(result) {
      write({ batch: result });
      done.push(result);
    },
  };
}

/** The lines of a file up to the last one that was written to its end; what follows is cut off. */
function wholeLines(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const end = text.lastIndexOf('\n') + 1;
  if (end < text.length) truncateSync(file, Buffer.byteLength(text.slice(0, end)));
  return text.slice(0, end).split('\n').slice(0, -1);
}

function agree(file: string, line: string, plan: Plan): void {
  const { campaign, ...made } = JSON.parse(line) as { readonly campaign: Plan } & Identity;
  const now = identity();
  for (const key of ['prng', 'catalogue', 'reducers'] as const) {
    if (made[key] === now[key]) continue;
    throw new CampaignError(`${file} was begun with ${key} ${made[key]}, and this is ${now[key]}: begin another file`);
  }
  for (const key of ['profiles', 'start', 'deep', 'relations'] as const) {
    const [was, is] = [JSON.stringify(campaign[key]), JSON.stringify(plan[key])];
    if (was !== is)
      throw new CampaignError(
        `${file} was begun with ${key} ${was}, not ${is}: go on with that, or begin another file`,
      );
  }
}
