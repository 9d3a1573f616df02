/** EVENTS.md: the catalogue for people, made from the definitions. */
import { EVENTS } from './catalogue.ts';
import { schemaOf, type AnyEvent, type ColdEvent } from './define.ts';
import { z } from 'zod';

const HEAD = `# Events

Every event kind that a tape may hold, in the order of their numbers. This page is made from the definitions by
\`npm run generate\`; a test says that it is up to date.

Each event also has \`seq\` (from 1), \`t\` (virtual nanoseconds; an event takes the time in the last column), \`cpu\`, \`task\`
and \`op\` (the step that it serves). Hot events hold 32-bit integers, cold events an object.
`;

function coldMembers(event: ColdEvent): string {
  const schema = z.toJSONSchema(schemaOf(event), { unrepresentable: 'any' }) as { properties?: object };
  return Object.keys(schema.properties ?? {})
    .map((name) => `\`${name}\``)
    .join(', ');
}

function members(event: AnyEvent): string {
  if (event.lane === 'cold') return `{ ${coldMembers(event)} }`;
  return event.fields.map(({ name, type }) => `\`${name}\` (${type.doc})`).join(', ') || 'none';
}

function entry(event: AnyEvent): string {
  const origin = event.of === 'pagetape' ? 'Pagetape’s own' : `\`${event.of}\``;
  return [
    `### ${event.number} ${event.name}`,
    '',
    event.doc,
    '',
    `- stands for: ${origin}`,
    `- ${event.lane === 'hot' ? 'fields' : 'object'}: ${members(event)}`,
    `- version ${event.version}, ${event.lane}, ${event.cost_ns} ns`,
    '',
  ].join('\n');
}

/** The text of EVENTS.md. */
export function cataloguePage(): string {
  return `${HEAD}\n${EVENTS.map(entry).join('\n')}`;
}
