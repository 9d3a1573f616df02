/**
 * The one text form of events, for people, tests and bug reports: `seq tNS cpuN task op Kind field=value …`; a cold event
 * ends in its payload as JSON. `parseEvent(printEvent(e))` equals `e`.
 */
import { eventByName } from './catalogue.ts';
import { schemaOf, type HotEvent } from './define.ts';
import type { RecordedEvent } from './position.ts';

/** The kind and its fields: the part of a line that says what happened. */
export function printData(event: Pick<RecordedEvent, 'kind' | 'data'>): string {
  const definition = eventByName(event.kind);
  if (!definition) throw new Error(`unknown event kind ${event.kind}`);
  if (definition.lane === 'cold') return `${event.kind} ${canonicalJson(event.data)}`;
  const fields = definition.fields.map(({ name, type }) => ` ${name}=${type.print(event.data[name] as number)}`);
  return event.kind + fields.join('');
}

export function printEvent(event: RecordedEvent): string {
  return `${event.seq} t${event.t} cpu${event.cpu} task${event.task} op${event.op} ${printData(event)}`;
}

const LINE = /^(\d+) t(\d+) cpu(\d+) task(\d+) op(\d+) (\S+)(?: (.*))?$/;

/** Reads a line that `printEvent` wrote. Throws an Error that says what is wrong with the line. */
export function parseEvent(line: string): RecordedEvent {
  const match = LINE.exec(line);
  if (!match) throw new Error(`not an event line: ${line}; expected "seq tNS cpuN taskN opN Kind field=value …"`);
  const [seq, t, cpu, task, op] = match.slice(1, 6).map(Number) as [number, number, number, number, number];
  const kind = match[6] as string;
  const definition = eventByName(kind);
  if (!definition) throw new Error(`unknown event kind ${kind}`);
  const rest = match[7] ?? '';
  const data = definition.lane === 'cold' ? JSON.parse(rest) : parseFields(definition, rest);
  const checked = schemaOf(definition).parse(data) as Record<string, unknown>;
  return Object.freeze({ seq, t, cpu, task, op, kind, data: Object.freeze(checked) });
}

function parseFields(definition: HotEvent, text: string): Record<string, number> {
  const words = text === '' ? [] : text.split(' ');
  if (words.length !== definition.fields.length) {
    throw new Error(`${definition.name} has ${definition.fields.length} fields, the line has ${words.length}`);
  }
  const fields: Record<string, number> = {};
  definition.fields.forEach(({ name, type }, i) => {
    const word = words[i] as string;
    if (!word.startsWith(`${name}=`)) throw new Error(`${definition.name}: expected ${name}=…, found ${word}`);
    fields[name] = type.parse(word.slice(name.length + 1));
    if (Number.isNaN(fields[name])) throw new Error(`${definition.name}: ${word} is not ${type.doc}`);
  });
  return fields;
}

/** JSON with the members of objects in the order of their names, so that equal values have equal text. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const record = value as Record<string, unknown>;
  const members = Object.keys(record)
    .filter((key) => record[key] !== undefined)
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key])}`);
  return `{${members.join(',')}}`;
}
