/**
 * Chance. The one place that draws random numbers: integers only, from named streams, so that one more draw in one place
 * does not shift another. Draws are events; a state that knows how many there were can go on exactly where it stopped.
 */
import seedrandom from 'seedrandom';

/** The generator, as its name stands on tapes. Another algorithm is another name. */
export const PRNG_NAME = 'seedrandom-3/alea';

/** Streams, by the number that stands on the tape. New ones go to the end. */
export const STREAMS = ['schedule', 'device', 'fuzz'] as const;
export type Stream = (typeof STREAMS)[number];

/** The state of all streams, as plain data. */
export type ChanceState = Readonly<Record<Stream, seedrandom.State.Alea>>;

type Generator = seedrandom.StatefulPRNG<seedrandom.State.Alea>;

export class Chance {
  private readonly seed: string;
  private readonly saved: ChanceState | undefined;
  /** Opened when they are first drawn from: most runs draw from none. */
  private readonly generators: Partial<Record<Stream, Generator>> = {};

  /** Streams of a seed, which may be any text; or the streams that `save` gave, to go on exactly. */
  constructor(seed: string, saved?: ChanceState) {
    this.seed = seed;
    this.saved = saved;
  }

  private stream(stream: Stream): Generator {
    const state = this.saved ? this.saved[stream] : true;
    return (this.generators[stream] ??= seedrandom.alea(`${stream}:${this.seed}`, { state }) as Generator);
  }

  /** An integer from 0 to below `bound`, each equally likely. `bound` is 1 … 2^31 - 1. */
  below(stream: Stream, bound: number): number {
    const generator = this.stream(stream);
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
    for (;;) {
      const draw = generator.int32() >>> 0;
      if (draw < limit) return draw % bound;
    }
  }

  save(): ChanceState {
    const state = (stream: Stream): seedrandom.State.Alea => this.stream(stream).state();
    return { schedule: state('schedule'), device: state('device'), fuzz: state('fuzz') };
  }
}
