/**
 * A reader trusts nothing: tapes cut off at every byte, with every byte flipped, and with checksums that someone made
 * good again. The answer is a right prefix or a TapeError, never another error and never wrong events.
 */
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { canonicalJson, catalogueText, type Block } from '@pagetape/events';
import { checkTape, readTape, TapeError, TapeWriter, memoryOutput, type Tape } from '../src/tape/index.ts';
import { crc32 } from '../src/tape/crc32.ts';
import * as made from './tape-blocks.ts';

const facts = ({ firstSeq, events, rows, payloads }: Block): string =>
  [firstSeq, events, rows.join(), payloads.map(canonicalJson).join()].join(' ');

/** A small tape with cold and hot events of many kinds in three blocks. */
function smallBlocks(): Block[] {
  const events = fc.sample(made.anyEvents, { seed: made.SEED, numRuns: 30 });
  return made.blocksOf([events.slice(0, 12), events.slice(12, 13), events.slice(13)]);
}

const BLOCKS = smallBlocks();
const FACTS = BLOCKS.map(facts);
const TAPES = {
  brotli: made.tapeOf(BLOCKS),
  stored: made.tapeOf(BLOCKS, { codec: 'stored', catalogue: catalogueText() }),
  inputs: made.tapeOf(BLOCKS, { level: 'inputs' }),
};
const STIMULI = [...readTape(TAPES.brotli).stimuli()].map(canonicalJson);

/** The result, or undefined for a TapeError. Any other error is thrown on. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof TapeError && error.message.length > 20) return undefined;
    throw error;
  }
}

/**
 * Reads everything; what comes must be right, up to where it stops. Says how many blocks came, and whether all was
 * well.
 */
function readPrefix(
  t: ExecutionContext,
  bytes: Uint8Array,
  whole: Tape,
): { tape?: Tape; blocks: number; sound: boolean } {
  const tape = attempt(() => readTape(bytes));
  if (!tape) return { blocks: 0, sound: false };
  const blocks: string[] = [];
  const stimuli: string[] = [];
  const read = attempt(() => {
    for (const block of tape.blocks) blocks.push(facts(block));
    for (const stimulus of tape.stimuli()) stimuli.push(canonicalJson(stimulus));
    return true;
  });
  const sound = read === true && tape.problem === undefined;
  if (blocks.join() !== FACTS.slice(0, blocks.length).join()) t.fail('a wrong event came');
  if (stimuli.join() !== STIMULI.slice(0, stimuli.length).join()) t.fail('a wrong stimulus came');
  if (canonicalJson(tape.header) !== canonicalJson(whole.header)) t.fail('a wrong header came');
  if (tape.end && canonicalJson(tape.end) !== canonicalJson(whole.end)) t.fail('a wrong end came');
  const marks = whole.marks.slice(0, tape.marks.length);
  if (canonicalJson(tape.marks) !== canonicalJson(marks)) t.fail('a wrong mark came');
  return { tape, blocks: blocks.length, sound };
}

for (const [name, bytes] of Object.entries(TAPES)) {
  const whole = readTape(bytes);

  test(`cut off at every byte: ${name}`, (t) => {
    let before = 0;
    for (let length = 0; length < bytes.length; length++) {
      const { tape, blocks, sound } = readPrefix(t, bytes.slice(0, length), whole);
      if (sound || (tape && !tape.problem)) t.fail(`cut at ${length}, nothing was said to be missing`);
      if (tape && tape.complete && tape.lastSeq !== whole.lastSeq) t.fail(`cut at ${length}, it is not complete`);
      if (blocks < before) t.fail(`cut at ${length}, fewer blocks came than from a shorter tape`);
      before = blocks;
    }
    t.is(before, whole.blocks.count);
  });

  for (const mask of [0x01, 0xff]) {
    test(`every byte changed by ${mask}: ${name}`, (t) => {
      // The index repeats the marks, so that their records are not read while it is good.
      const unread = records(bytes).filter(({ type }) => type === 'M');
      const unseen: number[] = [];
      for (let i = 0; i < bytes.length; i++) {
        const changed = Uint8Array.from(bytes);
        changed[i] ^= mask;
        const { sound, blocks } = readPrefix(t, changed, whole);
        const harmless =
          blocks === whole.blocks.count && unread.some(({ at, length }) => i >= at && i < at + 9 + length);
        if (sound && !harmless) unseen.push(i);
      }
      t.deepEqual(unseen, [], 'bytes that changed unseen');
    });
  }
}

/** Where records begin, and their types as letters. */
function records(bytes: Uint8Array): { at: number; type: string; length: number }[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const found = [];
  for (let at = 12; at < bytes.length; at += 9 + view.readUInt32LE(at + 1)) {
    found.push({ at, type: String.fromCharCode(bytes[at]), length: view.readUInt32LE(at + 1) });
  }
  return found;
}

/** Makes the checksum of the record at `at` good again. */
function repair(bytes: Buffer, at: number): Buffer {
  const length = bytes.readUInt32LE(at + 1);
  bytes.writeUInt32LE(crc32(bytes.subarray(at + 9, at + 9 + length), crc32(bytes.subarray(at, at + 5))), at + 5);
  return bytes;
}

for (const [name, bytes] of Object.entries({ brotli: TAPES.brotli, stored: TAPES.stored })) {
  test(`changed blocks with good checksums give no wrong events: ${name}`, (t) => {
    const whole = readTape(bytes);
    const unseen: number[] = [];
    for (const { at, type, length } of records(bytes)) {
      if (type !== 'B') continue;
      for (let i = at + 9; i < at + 9 + length; i++) {
        for (const mask of [0x01, 0x80, 0xff]) {
          const changed = Buffer.from(bytes);
          changed[i] ^= mask;
          const { tape } = readPrefix(t, repair(changed, at), whole);
          const passed = tape && i < at + 9 + 56 && attempt(() => (checkTape(tape), true));
          if (passed) unseen.push(i);
        }
      }
    }
    t.deepEqual(unseen, [], 'bytes that changed unseen');
  });
}

test('a changed index with a good checksum gives no wrong events', (t) => {
  const bytes = TAPES.stored;
  const { at, length } = records(bytes).find(({ type }) => type === 'X') ?? { at: 0, length: 0 };
  const wrong: number[] = [];
  for (let i = at + 9; i < at + 9 + length; i++) {
    const changed = Buffer.from(bytes);
    changed[i] ^= 0xff;
    const tape = attempt(() => readTape(repair(changed, at)));
    const read = tape && attempt(() => [...tape.blocks].map(facts));
    if (read && read.join() !== FACTS.join()) wrong.push(i);
  }
  t.deepEqual(wrong, [], 'bytes after whose change a wrong event came');
});

test('random bytes behind a good header are refused, or nothing', (t) => {
  const header = TAPES.brotli.subarray(0, records(TAPES.brotli)[1].at);
  const property = fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...'BIMEX?'), (body, type) => {
    const record = Buffer.concat([Buffer.from(type), Buffer.alloc(8), body]);
    record.writeUInt32LE(body.length, 1);
    const tape = readTape(Buffer.concat([header, repair(record, 0)]));
    t.is(attempt(() => [...tape.blocks].length) ?? 0, 0);
    t.is(
      attempt(() => (checkTape(tape), true)),
      undefined,
    );
  });
  fc.assert(property, { seed: made.SEED, numRuns: 300 });
});

const patched = (at: number, byte: number): Uint8Array =>
  Uint8Array.from(TAPES.stored, (old, i) => (i === at ? byte : old));

/** A tape whose catalogue is another. */
function withCatalogue(catalogue: string): Uint8Array {
  const output = memoryOutput();
  new TapeWriter(output, made.START, { catalogue }).end({});
  return output.bytes();
}

/** A tape whose header says something else; the new text is as long as the old. */
function withHeader(from: string, to: string): Uint8Array {
  const bytes = Buffer.from(TAPES.stored);
  bytes.write(to, bytes.indexOf(from));
  return repair(bytes, 12);
}

const refused: [name: string, bytes: Uint8Array, message: RegExp][] = [
  ['nothing', new Uint8Array(0), /this is not a tape/],
  ['a text', Buffer.from('StimulusBegan'), /this is not a tape: a tape begins with/],
  ['a line end changed on the way', patched(6, 0x0a), /this is not a tape/],
  ['half a magic', TAPES.stored.slice(0, 4), /cut off in its header, after 4 bytes/],
  ['a later format', patched(8, 2), /format version 2; this version of pagetape reads 1/],
  [
    'an unknown kind',
    withCatalogue('250 PageTeleported v1 0ns pfn:pfn'),
    /"250 PageTeleported v1 0ns pfn:pfn", here unknown/,
  ],
  [
    'a changed kind',
    withCatalogue(catalogueText().replace('PageLocked v1', 'PageLocked v2')),
    /"60 PageLocked v2 [^"]*", here "60 PageLocked v1 [^"]*". Read it with pagetape 0\.1\.0/,
  ],
  ['a wrong catalogue hash', repair(Buffer.from(patched(21, 0)), 12), /the catalogue in the tape has the hash/],
  ['another hash algorithm', withHeader('pt64-1', 'pt99-9'), /the tape is hashed with pt99-9; .* knows pt64-1/],
  ['an unknown level', withHeader('"full"', '"most"'), /the header of the tape is wrong at "level"/],
];

const LRU = 'lru:inactive|active';
const older: [name: string, catalogue: string, reads: boolean][] = [
  ['the same', catalogueText(), true],
  ['fewer kinds', catalogueText().split('\n').slice(0, -5).join('\n'), true],
  ['none', '', true],
  ['a list with fewer words', catalogueText().replace(/(\|[^|,\n]+)\|[^|,\n]+(?=[,\n])/, '$1'), true],
  ['a list with more words', catalogueText().replace(LRU, `${LRU}|unevictable`), false],
  ['a list of other words', catalogueText().replace(LRU, 'lru:cold|hot'), false],
  ['another cost', catalogueText().replace('PageLocked v1 10ns', 'PageLocked v1 11ns'), false],
  ['a field less', catalogueText().replace(`,${LRU}`, ''), false],
];

for (const [name, catalogue, reads] of older) {
  test(`a tape whose catalogue has ${name} is ${reads ? 'read' : 'refused'}`, (t) => {
    t.is(attempt(() => readTape(withCatalogue(catalogue)).complete) ?? false, reads);
  });
}

for (const [name, bytes, message] of refused) {
  test(`refused with a sentence: ${name}`, (t) => {
    t.throws(() => readTape(bytes), { instanceOf: TapeError, message });
  });
}

const [, firstBlock] = records(TAPES.stored);
const changedBlock = (at: number, byte: number): Uint8Array => {
  const bytes = Buffer.from(TAPES.stored);
  bytes[firstBlock.at + 9 + at] = byte;
  return repair(bytes, firstBlock.at);
};
const damaged: [name: string, bytes: Uint8Array, message: RegExp][] = [
  [
    'an unknown codec',
    changedBlock(52, 9),
    /the block record at byte \d+: codec 9 is unknown; this reader knows 0 \(stored\), 1 \(brotli\)/,
  ],
  ['an unknown kind', changedBlock(57, 250), /event 1 has kind 250, which is not in the catalogue/],
  ['a block that belongs elsewhere', changedBlock(0, 5), /is not what the index says/],
];

for (const [name, bytes, message] of damaged) {
  test(`a block is refused with a sentence: ${name}`, (t) => {
    t.throws(() => readTape(bytes).blocks.blockAt(0), { instanceOf: TapeError, message });
  });
}

const missing: [name: string, bytes: () => Uint8Array, complete: boolean, problem: RegExp][] = [
  [
    'the index',
    () => TAPES.stored.slice(0, records(TAPES.stored).at(-1)?.at),
    true,
    /index at the end is missing, and was made again/,
  ],
  [
    'half the index',
    () => TAPES.stored.slice(0, -5),
    true,
    /index had to be made again: the index record at byte \d+ is cut off/,
  ],
  [
    'the end',
    () => TAPES.stored.slice(0, records(TAPES.stored).at(-2)?.at),
    false,
    /the tape has no end: its recorder stopped after event 30/,
  ],
  [
    'half a block',
    () => TAPES.stored.slice(0, firstBlock.at + 40),
    false,
    /the block record at byte \d+ is cut off: \d+ bytes should follow/,
  ],
  [
    'nothing, but more stands behind',
    () => Buffer.concat([TAPES.stored, Buffer.from('more')]),
    true,
    /index had to be made again/,
  ],
];

for (const [name, bytes, complete, problem] of missing) {
  test(`what is missing is said: ${name}`, (t) => {
    const tape = readTape(bytes());
    t.is(tape.complete, complete);
    t.regex(tape.problem ?? '', problem);
    if (complete) t.deepEqual([...tape.blocks].map(facts), FACTS);
  });
}
