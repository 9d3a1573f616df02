/** The version of this package, as its manifest says. */
import { readFileSync } from 'node:fs';

const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');

export const PAGETAPE_VERSION: string = (JSON.parse(manifest) as { version: string }).version;
