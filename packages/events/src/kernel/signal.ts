/** Events of signals that end a task (kernel/signal.c). */
import { z } from 'zod';
import { defineColdEvent } from '../define.ts';

/** Signals that end a task which does nothing about them. */
export const FATAL_SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGINT'] as const;

const schema = z.strictObject({ task: z.number().int(), sig: z.enum(FATAL_SIGNALS) });

export const SignalSent = defineColdEvent({
  name: 'SignalSent',
  number: 218,
  of: 'kernel/signal.c:__group_complete_signal()',
  doc: 'The signal waits for the task. A call that is under way goes on as if there were none.',
  schema,
  cost_ns: 500,
});

export const SignalDelivered = defineColdEvent({
  name: 'SignalDelivered',
  number: 219,
  of: 'kernel/signal.c:get_signal_to_deliver()',
  doc: 'The task, about to be in user mode, found the signal: it ends.',
  schema,
  cost_ns: 500,
});
