/** `pagetape profiles`: the kernels whose rules can be simulated, and how they differ. */
import type { Command } from 'commander';
import { headingFor, jsonText, linesText, type Context } from './context.ts';

export function define(command: Command, context: Context): void {
  command.option('--json', 'print one JSON object').action(async (options: { readonly json?: boolean }) => {
    const { DEFAULT_PROFILE, PROFILES } = await import('@pagetape/core');
    if (options.json) return context.out(jsonText({ default: DEFAULT_PROFILE, profiles: Object.values(PROFILES) }));
    const { printProfiles } = await import('../report/profiles.ts');
    await context.out(linesText(printProfiles(Object.values(PROFILES), DEFAULT_PROFILE, headingFor(context))));
  });
}
