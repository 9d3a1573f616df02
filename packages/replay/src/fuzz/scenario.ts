/** A program as the text of a scenario file, with a first line that says what broke. */
import type { MachineSpec } from '@pagetape/core';
import { stringify } from 'yaml';
import type { Program } from '../laws/recording.ts';

/** A value on one line, as scenario files are written by hand. */
function flow(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trimEnd();
}

/** The machine without what is usual. */
function machineText({ nodes, swap, page_cluster, io, ...rest }: MachineSpec): string {
  const ids = nodes.every(({ id }, n) => id === n);
  const written = nodes.map(({ id, pages, cpus, ...more }) => ({
    ...(ids ? {} : { id }),
    pages,
    ...(cpus === 1 ? {} : { cpus }),
    ...more,
  }));
  return flow({
    nodes: written,
    ...(swap.length > 0 ? { swap } : {}),
    page_cluster,
    ...(io === 'step' ? {} : { io }),
    ...rest,
  });
}

/** `broke` becomes the first line. */
export function scenarioText({ machine, profile, seed, steps }: Program, broke: string): string {
  const lines = [
    `# ${broke.replaceAll('\n', ' ')}`,
    `profile: ${profile}`,
    `seed: ${flow(seed)}`,
    `machine: ${machineText(machine)}`,
    'steps:',
    ...steps.map((step) => `  - ${flow(step)}`),
  ];
  return `${lines.join('\n')}\n`;
}
