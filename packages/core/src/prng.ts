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

export class Chance {
  private readonly generators: Record<Stream, seedrandom.StatefulPRNG<seedrandom.State.Alea>>;

  /** Streams of a seed, which may be any text; or the streams that `save` gave, to go on exactly. */
  constructor(seed: string, saved?: ChanceState) {
    const open = (stream: Stream) =>
      seedrandom.alea(`${stream}:${seed}`, {
        state: saved ? saved[stream] : true,
      }) as seedrandom.StatefulPRNG<seedrandom.State.Alea>;
    this.generators = { schedule: open('schedule'), device: open('device'), fuzz: open('fuzz') };
  }

  /** An integer from 0 to below `bound`, each equally likely. `bound` is 1 … 2^31 - 1. */
  below(stream: Stream, bound: number): number {
    const generator = this.generators[stream];
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
    for (;;) {
      const draw = generator.int32() >>> 0;
      if (draw < limit) return draw % bound;
    }
  }

  save(): ChanceState {
    const { schedule, device, fuzz } = this.generators;
    return { schedule: schedule.state(), device: device.state(), fuzz: fuzz.state() };
  }
}
