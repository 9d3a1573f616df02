/** Writes the files that are made from definitions. Tests say when one is out of date. */
import { writeFileSync } from 'node:fs';
import { cataloguePage } from '../packages/events/src/index.ts';
import { jsonSchemaText, SCHEMA_FILE } from '../packages/replay/src/scenario/schema.ts';

writeFileSync(new URL('../packages/events/EVENTS.md', import.meta.url), cataloguePage());
writeFileSync(SCHEMA_FILE, jsonSchemaText());
