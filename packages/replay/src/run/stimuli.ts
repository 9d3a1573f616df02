/** What a tape says about the run as a whole: what it started from, and the steps that were put to it. */
import { ARCHITECTURES, stimulusSchema, type Stimulus } from '@pagetape/events';
import { ALL_PROFILES, PROFILES, type MachineSpec } from '@pagetape/core';
import { z } from 'zod';
import { TapeError, type Tape } from '../tape/index.ts';
import type { RunStart } from './record.ts';

const whole = z.int().min(0);
const zones = z.exactOptional(
  z.strictObject({
    DMA: z.exactOptional(whole),
    DMA32: z.exactOptional(whole),
    Normal: z.exactOptional(whole),
    HighMem: z.exactOptional(whole),
  }),
);

/** A machine as it stands in the header of a tape: everything is given. */
const machineSchema = z.object({
  arch: z.exactOptional(z.enum(ARCHITECTURES)),
  nodes: z
    .array(z.strictObject({ id: whole, pages: whole, cpus: whole, dimm: z.exactOptional(z.boolean()), zones }))
    .min(1),
  distance: z.exactOptional(z.array(z.array(whole))),
  swap: z.array(whole),
  page_cluster: whole,
  io: z.enum(['now', 'step', 'hold', 'stuck']),
  swap_device: z.exactOptional(whole),
  cgroup: z.exactOptional(z.enum(['v1', 'v2'])),
  thp: z.exactOptional(z.enum(['never', 'madvise', 'always'])),
  numa_balancing: z.exactOptional(whole),
  fault_around: z.exactOptional(whole),
  hugepages: z.exactOptional(z.array(whole)),
  tmpfs_mpol: z.exactOptional(z.string()),
});

/** The machine of a tape. Throws a TapeError when the header describes none. */
export function machineOf({ header }: Tape): MachineSpec {
  const { data, error } = machineSchema.safeParse(header.machine);
  if (data) return data;
  const { path, message } = error.issues[0];
  throw new TapeError(`the machine in the header of the tape is wrong at "${path.join('.')}": ${message}`);
}

/** What the run on a tape started from. Throws a TapeError for a profile that this version does not have. */
export function startOf(tape: Tape): RunStart {
  const { profile, seed, turns } = tape.header;
  for (const each of [profile, ...(turns ?? []).map((turn) => turn.profile)]) {
    if (Object.hasOwn(ALL_PROFILES, each)) continue;
    throw new TapeError(`the tape follows the profile ${each}; this version knows ${Object.keys(PROFILES).join(', ')}`);
  }
  return { machine: machineOf(tape), profile, seed, ...(turns ? { turns } : {}) };
}

/** The steps of a run, in order. Steps that belong to another one (in `parallel`, in `during`) are part of that one. */
export function* stimuliOf(tape: Tape): Generator<Stimulus> {
  for (const { seq, kind, payload } of tape.stimuli()) {
    if (kind !== 'StimulusBegan') continue;
    const { parent, stimulus } = payload as { parent: number; stimulus: unknown };
    if (parent !== 0) continue;
    const { data, error } = stimulusSchema.safeParse(stimulus);
    if (!data)
      throw new TapeError(`the step at event ${seq} is none that this version knows: ${error.issues[0].message}`);
    yield data;
  }
}
