/** The table of profiles: a column a profile, a row a trait. */
import { exhibitId, twinId, type Exhibit, type Traits } from '@pagetape/core';
import { indent, table } from './table.ts';
import { flagNames } from './words.ts';

/** Lines that say what each profile is, then a table of traits. A trait that is the same in all is marked by "=". */
export function printProfiles(profiles: readonly Traits[], usual: string, heading: (text: string) => string): string[] {
  const abouts = profiles.map(({ id, about }) => [id, id === usual ? `${about} (usual)` : about]);
  const traits = Object.keys(profiles[0]).filter((name) => name !== 'id' && name !== 'about') as (keyof Traits)[];
  const rows = traits.map((trait) => {
    const values = profiles.map((profile) => traitText(trait, profile[trait]));
    const same = values.every((value) => value === values[0]);
    return [trait, values[0], ...values.slice(1).map((value) => (same ? '=' : value))];
  });
  const head = ['', ...profiles.map(({ id }) => id)];
  return [
    heading('Profiles'),
    ...indent(table(abouts, ['l', 'l']), 2),
    '',
    heading('Traits'),
    ...indent(
      table(
        [head, ...rows],
        head.map(() => 'l' as const),
      ),
      2,
    ),
  ];
}

/** A line for each bug: the kernel that has it, the one that it is shown beside, and what goes wrong. */
export function printMuseum(exhibits: readonly Exhibit[], heading: (text: string) => string): string[] {
  const rows = exhibits.map((exhibit) => [exhibitId(exhibit), twinId(exhibit), exhibit.wrong]);
  const head = ['with the bug', 'without it', 'what goes wrong'];
  return [heading('The museum'), ...indent(table([head, ...rows], ['l', 'l', 'l']), 2)];
}

function traitText(trait: keyof Traits, value: Traits[keyof Traits]): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (trait === 'not_migratable') return flagNames(value as number).join(' ');
  if (typeof value !== 'object') return `${value}`;
  const parts = Object.entries(value).map(([name, part]) => `${name} ${part}`);
  return parts.join(', ');
}
