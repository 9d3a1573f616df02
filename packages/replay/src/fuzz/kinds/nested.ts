/** Steps that hold others: races, and what happens right before a pass of a migration. */
import type { Stimulus } from '@pagetape/events';
import { once, pick } from '../draw.ts';
import type { World } from '../world.ts';
import type { Kind } from './kind.ts';
import { mbind, migrate } from './policy.ts';

/** Chooses a step that may stand within another one. */
export type Inner = (w: World) => Stimulus;

/** Makes steps within another one. */
function within(w: World, count: number, inner: Inner): Stimulus[] {
  w.nested = true;
  const steps: Stimulus[] = [];
  for (let n = 0; n < count && w.tasks.length > 0; n++) steps.push(inner(w));
  w.nested = false;
  return steps;
}

export function nestedKinds(inner: Inner, race: Inner): readonly Kind[] {
  const parallel = (w: World): Stimulus => {
    return { op: 'parallel', steps: within(w, 2 + w.draw.below(2), once(w.draw, 3) ? inner : race) };
  };
  const during = (w: World): Stimulus => {
    const call = once(w.draw, 3) ? mbind(w) : migrate(w);
    const steps = within(w, 1 + w.draw.below(3), inner).filter(
      (step) => step.op === 'kill' || !('t' in step) || step.t !== call.t,
    );
    return { ...call, during: [{ pass: pick(w.draw, [0, 0, 1, 2, 4]), steps }] };
  };
  return [
    { name: 'parallel', weight: 3, outer: true, make: parallel },
    { name: 'during', weight: 3, outer: true, make: during },
  ];
}
