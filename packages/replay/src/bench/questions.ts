/** How long questions take once a tape is open, and how long opening it takes. */
import { DEFAULT_PROFILE, PRNG_NAME } from '@pagetape/core';
import { comparePositions } from '../questions/compare.ts';
import { Questions } from '../questions/questions.ts';
import { watchNumber, watchPage, whoChanged } from '../questions/who.ts';
import { whyOf } from '../questions/why.ts';
import { frameOf } from '../questions/asked.ts';
import { memoryOutput, readTape, TapeWriter, type Tape } from '../tape/index.ts';
import { Timeline } from '../timeline/timeline.ts';
import { now } from './measure.ts';
import { row, type Row } from './row.ts';
import type { Sizes } from './sizes.ts';
import { benchMachine, runEviction } from './workload.ts';

/** Questions of each sort, spread over the tape. */
const ASKED = 24;

function recordEviction(pages: number): Tape {
  const output = memoryOutput();
  const writer = new TapeWriter(output, {
    profile: DEFAULT_PROFILE,
    machine: { ...benchMachine(pages, 2 * pages) },
    seed: '0',
    prng: PRNG_NAME,
    level: 'full',
    pagetape: 'bench',
  });
  runEviction(pages, (block) => writer.block(block));
  writer.end({});
  return readTape(output.bytes());
}

/** Milliseconds of the slowest of several questions. Each is asked at another place; one before them does not count. */
function slowest(ask: (n: number) => unknown): number {
  let most = 0;
  ask(1);
  for (let n = 0; n < ASKED; n++) {
    const start = now();
    ask(n);
    most = Math.max(most, (now() - start) / 1e6);
  }
  return most;
}

export function measureQuestions({ questionPages: pages }: Sizes): Row[] {
  const tape = recordEviction(pages);
  const openingBegan = now();
  const questions = new Questions(Timeline.open(tape, { cache: null }));
  const { timeline } = questions;
  timeline.seek(timeline.last);
  const opening = (now() - openingBegan) / 1e6;
  const { last } = timeline;
  const mm = timeline.state.cold.tasks[timeline.state.cold.pids['A']].mm;
  const { start } = timeline.state.cold.regions[0];
  const vpnOf = (n: number): number => start + Math.floor((n * (pages - 1)) / (ASKED - 1));
  const seqOf = (n: number): number => 1 + Math.floor(((n + 1) * (last - 1)) / ASKED);
  const page = (n: number) => ({ is: 'page' as const, task: 'A', mm, vpn: vpnOf(n) });
  const why = slowest((n) => whyOf(questions, page(n), seqOf((n * 7) % ASKED)));
  const whoPage = slowest((n) => {
    timeline.seek(last);
    const field = frameOf(timeline.state, mm, vpnOf(n)) < 0 ? 'entry' : 'references';
    return whoChanged(questions, watchPage(questions, page(n), field), last);
  });
  const whoCounter = slowest((n) => whoChanged(questions, watchNumber(questions, 'warn'), seqOf(n)));
  const diff = slowest((n) =>
    comparePositions({ questions, seq: seqOf(n) }, { questions, seq: seqOf((n * 11 + 5) % ASKED) }),
  );
  const replayBegan = now();
  Timeline.open(tape, { cache: null }).seek(last);
  const replay = (now() - replayBegan) / 1e6;
  const about = (what: string): string =>
    `${what}, of ${last} events of ${pages} pages; baseline: reading the tape from its start`;
  return [
    row('question.open', 'ms', opening, replay, about('opening a tape for questions, with all that they need')),
    row('question.why', 'ms', why, replay, about(`why is this page here, the slowest of ${ASKED}`)),
    row(
      'question.who',
      'ms',
      Math.max(whoPage, whoCounter),
      replay,
      about(`who changed it, the slowest of ${2 * ASKED}`),
    ),
    row('question.diff', 'ms', diff, replay, about(`what differs between two positions, the slowest of ${ASKED}`)),
  ];
}
