/** A kind of step that programs are made of. */
import type { Stimulus } from '@pagetape/events';
import type { World } from '../world.ts';

export interface Kind {
  /** Unique among all kinds; several may make the same operation. */
  readonly name: string;
  /** How often it is chosen, relative to others. */
  readonly weight: number;
  /** Only kernels of 6.x have it. */
  readonly modern?: true;
  /** It makes what later steps need, so it does not stand within another step, which may never come to it. */
  readonly outer?: true;
  /** A step, or null where it would make no sense now. What the step changes is noted in the world. */
  readonly make: (w: World) => Stimulus | null;
}
