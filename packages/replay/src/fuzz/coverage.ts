/**
 * What programs reached: kinds of events with the words that their fields hold (outcome and reason), and operations with their
 * answers. Each such pair is a feature with a number, so that a campaign can see at once whether a program reached something new.
 */
import {
  EVENT_BY_NUMBER,
  EVENTS,
  ROW_LENGTH,
  StimulusBegan,
  StimulusEnded,
  type AnyEvent,
  type Block,
} from '@pagetape/events';
import { z } from 'zod';

/** A kind with more words than this counts those of its first fields only. */
const MOST = 512;

/** A field whose value is one of some words. */
interface WordField {
  readonly name: string;
  /** Its place in the row of a hot event. */
  readonly at: number;
  readonly words: readonly string[];
}

function wordFields(event: AnyEvent): WordField[] {
  if (event.lane === 'hot') {
    const fields = event.fields.map(({ name, type }, i) => ({ name, at: i + 1, words: type.id.split('|') }));
    return fields.filter(({ words }) => words.length > 1);
  }
  if (!(event.schema instanceof z.ZodObject)) return [];
  return Object.entries(event.schema.shape).flatMap(([name, schema]) => {
    return schema instanceof z.ZodEnum ? [{ name, at: 0, words: schema.options.map(String) }] : [];
  });
}

/** Where the features of a kind begin, and what they are made of. */
interface KindFeatures {
  readonly first: number;
  readonly fields: readonly WordField[];
}

const KINDS: (KindFeatures | undefined)[] = [];
const NAMES: string[] = [];

for (const event of EVENTS) {
  const fields: WordField[] = [];
  let features = 1;
  for (const field of wordFields(event)) {
    if (features * field.words.length > MOST) break;
    fields.push(field);
    features *= field.words.length;
  }
  KINDS[event.number] = { first: NAMES.length, fields };
  for (let n = 0; n < features; n++) NAMES.push(nameOf(event.name, fields, n));
}

function nameOf(kind: string, fields: readonly WordField[], feature: number): string {
  let rest = feature;
  const words = fields.map(({ name, words: all }) => {
    const word = all[rest % all.length];
    rest = Math.floor(rest / all.length);
    return ` ${name}=${word}`;
  });
  return kind + words.join('');
}

export class Coverage {
  private readonly seen = new Uint8Array(NAMES.length);
  /** Operations with their answers. */
  private readonly answers = new Set<string>();
  private fresh: string[] = [];
  private ops = new Map<number, string>();

  /** Looks at the events of a run. */
  add({ rows, payloads }: Block): void {
    for (let at = 0; at < rows.length; at += ROW_LENGTH[rows[at]]) {
      const kind = KINDS[rows[at]] as KindFeatures;
      let feature = 0;
      let radix = 1;
      if (EVENT_BY_NUMBER[rows[at]]?.lane === 'cold') {
        const payload = payloads[rows[at + 1]] as Readonly<Record<string, unknown>>;
        for (const { name, words } of kind.fields) {
          feature += radix * Math.max(words.indexOf(String(payload[name])), 0);
          radix *= words.length;
        }
        this.addAnswer(rows[at], payload);
      } else {
        for (const { at: field, words } of kind.fields) {
          feature += radix * rows[at + field];
          radix *= words.length;
        }
      }
      if (this.seen[kind.first + feature] !== 0) continue;
      this.seen[kind.first + feature] = 1;
      this.fresh.push(NAMES[kind.first + feature]);
    }
  }

  private addAnswer(kind: number, payload: Readonly<Record<string, unknown>>): void {
    if (kind === StimulusBegan.number) {
      this.ops.set(payload['op'] as number, (payload['stimulus'] as { readonly op: string }).op);
    } else if (kind === StimulusEnded.number) {
      const { ret, errno, sig } = payload['result'] as {
        readonly ret: number;
        readonly errno?: string;
        readonly sig?: string;
      };
      const answer = `${this.ops.get(payload['op'] as number)} → ${errno ?? sig ?? (ret > 0 ? 'a number' : `${ret}`)}`;
      this.know(answer);
    }
  }

  private know(answer: string): void {
    if (this.answers.has(answer)) return;
    this.answers.add(answer);
    this.fresh.push(answer);
  }

  /** What was reached for the first time since this was asked last. */
  takeFresh(): readonly string[] {
    if (this.fresh.length === 0) return NONE;
    const { fresh } = this;
    this.fresh = [];
    this.ops.clear();
    return fresh;
  }

  /** Takes what others reached as known. */
  learn(features: Iterable<string>): void {
    for (const feature of features) {
      const number = NUMBERS.get(feature);
      if (number === undefined) this.answers.add(feature);
      else this.seen[number] = 1;
    }
  }
}

const NONE: readonly string[] = [];
const NUMBERS: ReadonlyMap<string, number> = new Map(NAMES.map((name, n) => [name, n]));

/** All that could be reached, but for answers. Whether a kernel can reach it nobody knows. */
export const FEATURES: readonly string[] = NAMES;
