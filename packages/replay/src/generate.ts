/** Writes the files that are made from definitions. Tests say when one is out of date. */
import { writeFileSync } from 'node:fs';
import { cataloguePage } from '@pagetape/events';
import { jsonSchemaText, SCHEMA_FILE } from './scenario/schema.ts';

writeFileSync(new URL('../../events/EVENTS.md', import.meta.url), cataloguePage());
writeFileSync(SCHEMA_FILE, jsonSchemaText());
