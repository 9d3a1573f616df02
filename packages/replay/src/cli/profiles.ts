/** `pagetape profiles`: the kernels whose rules can be simulated, and what a user would notice who goes from one to another. */
import type { Traits } from '@pagetape/core';
import type { Command } from 'commander';
import { headingFor, jsonText, linesText, type Context } from './context.ts';
import { UsageError } from './errors.ts';

interface Options {
  readonly json?: boolean;
  readonly museum?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument('[what]', 'nothing for the table of all, or "diff"')
    .argument('[a]', 'a profile')
    .argument('[b]', 'another profile')
    .usage('[diff A B] [options]')
    .option('--museum', 'list the bugs that these kernels had, each a kernel to run')
    .option('--json', 'print one JSON object')
    .action(async (what: string | undefined, a: string | undefined, b: string | undefined, options: Options) => {
      if (what === undefined) return context.out(await list(options, context));
      if (what !== 'diff' || a === undefined || b === undefined)
        throw new UsageError(`"profiles" alone lists them; "profiles diff A B" compares two of them`);
      await context.out(await diff(a, b, options, context));
    });
}

async function list({ json, museum }: Options, context: Context): Promise<string> {
  if (museum) return listMuseum(json === true, context);
  const { DEFAULT_PROFILE, PROFILES } = await import('@pagetape/core');
  if (json) return jsonText({ default: DEFAULT_PROFILE, profiles: Object.values(PROFILES) });
  const { printProfiles } = await import('../report/profiles.ts');
  return linesText(printProfiles(Object.values(PROFILES), DEFAULT_PROFILE, headingFor(context)));
}

async function listMuseum(json: boolean, context: Context): Promise<string> {
  const { exhibitId, EXHIBITS, twinId } = await import('@pagetape/core');
  if (json) {
    const told = EXHIBITS.map((exhibit) => {
      const { title, wrong, source, bug } = exhibit;
      return { profile: exhibitId(exhibit), twin: twinId(exhibit), title, wrong, source, bug };
    });
    return jsonText({ exhibits: told });
  }
  const { printMuseum } = await import('../report/profiles.ts');
  return linesText(printMuseum(EXHIBITS, headingFor(context)));
}

async function diff(nameA: string, nameB: string, { json }: Options, context: Context): Promise<string> {
  const { compareProfiles } = await import('../report/traits.ts');
  const [a, b] = [await profileOf(nameA), await profileOf(nameB)];
  const contrasts = compareProfiles(a, b);
  if (json) return jsonText({ a: a.id, b: b.id, differences: contrasts });
  if (contrasts.length === 0) return `a user would notice no difference between ${a.id} and ${b.id}\n`;
  const heading = headingFor(context);
  const width = Math.max(a.id.length, b.id.length);
  return linesText([
    heading(`From ${a.id} to ${b.id}`),
    ...contrasts.flatMap(({ trait, ...told }) => [
      `  ${trait}`,
      `    ${a.id.padEnd(width)}  ${told.a}`,
      `    ${b.id.padEnd(width)}  ${told.b}`,
    ]),
  ]);
}

async function profileOf(name: string): Promise<Traits> {
  const { ALL_PROFILES, PROFILES } = await import('@pagetape/core');
  if (Object.hasOwn(ALL_PROFILES, name)) return ALL_PROFILES[name];
  throw new UsageError(`there is no profile "${name}"; there are ${Object.keys(PROFILES).join(', ')}`);
}
