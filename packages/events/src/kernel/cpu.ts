/** Events of CPUs that come and go (kernel/cpu.c). */
import { z } from 'zod';
import { defineColdEvent } from '../define.ts';

export const CpuStateChanged = defineColdEvent({
  name: 'CpuStateChanged',
  number: 217,
  of: 'kernel/cpu.c:cpu_down(), cpu_up()',
  doc: 'The CPU runs nothing any more, or may run tasks again. What it had goes elsewhere in the events that follow.',
  schema: z.strictObject({ cpu: z.number().int(), online: z.boolean() }),
  cost_ns: 100_000,
});
