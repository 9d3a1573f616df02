/** A step and its line say the same. The replay package's tests do this for whole files of the oracle. */
import test from 'ava';
import { resolveNumber } from './number.ts';
import { STIMULI, stimulusSchema, type Stimulus } from './stimuli.ts';
import { parseStimulus, printStimulus } from './text.ts';

const lines: readonly (readonly [Stimulus, string])[] = [
  [{ op: 'spawn', t: 'A', node: 0 }, 'spawn t="A" node=0'],
  [{ pages: 4, op: 'touch', addr: ['r', 0], t: 'A' }, 'touch t="A" addr=["r",0] pages=4'],
  [
    { op: 'touch', t: 'A', addr: ['@', 9, 5], pages: 1, tok: 'a "b"\n c=1' },
    'touch t="A" addr=["@",9,5] pages=1 tok="a \\"b\\"\\n c=1"',
  ],
  [{ op: 'lock', t: 'A', addr: ['r', 1], until: { tries: 2 } }, 'lock t="A" addr=["r",1] until={"tries":2}'],
  [{ op: 'io_done' }, 'io_done'],
  [
    {
      op: 'migrate_pages',
      t: 'A',
      pid: 'self',
      maxnode: '0xffffffffffffffff',
      old: { words: ['0x1'], edge: true },
      new: null,
      during: [{ pass: 1, steps: [{ pages: 1, addr: ['r', 0], t: 'B', op: 'touch' }] }],
    },
    'migrate_pages t="A" pid="self" maxnode="0xffffffffffffffff" old={"words":["0x1"],"edge":true} new=null ' +
      'during=[{"pass":1,"steps":[{"op":"touch","t":"B","addr":["r",0],"pages":1}]}]',
  ],
  [
    {
      op: 'parallel',
      steps: [
        { op: 'exit', t: 'A' },
        { op: 'io', mode: 'hold' },
      ],
    },
    'parallel steps=[{"op":"exit","t":"A"},{"op":"io","mode":"hold"}]',
  ],
];

test('a step is printed in the order of its definition, and read back', (t) => {
  for (const [stimulus, line] of lines) {
    t.is(printStimulus(stimulus), line);
    t.deepEqual(parseStimulus(line), stimulus);
    t.deepEqual(stimulusSchema.parse(stimulus), stimulus);
  }
});

const wrong: readonly (readonly [string, string])[] = [
  ['touch t=A', 'touch: the value of "t" is not JSON: A'],
  ['touch A', 'touch: expected key=JSON, found A'],
  ['io_done x=1 x=2', 'io_done: "x" is given twice'],
  ['io_done x=1', 'io_done: Unrecognized key: "x"'],
  ['io mode="sometimes"', 'io: "mode" must be "now", "step", "hold" or "stuck"'],
  ['pin t="A"', 'pin: needs "cpu" or "node"'],
  ['pin t="A" cpu=1 node=1', 'pin: takes only one of "cpu" and "node"'],
  ['drain cpu=-1', 'drain: "cpu" must be a cpu number, from 0'],
  ['mlockall t="A" flags="MCL_NOW"', 'mlockall: "MCL_NOW" is not a constant known here'],
];

test('a line that is wrong is refused with a reason', (t) => {
  for (const [line, message] of wrong) t.throws(() => parseStimulus(line), { message });
  t.throws(() => parseStimulus('tuch t="A"'), { message: /^"tuch" is not an operation; a line begins with one of / });
});

test('operations have names of their own, documentation, and keys that a line can hold', (t) => {
  t.is(new Set(STIMULI.map(({ name }) => name)).size, STIMULI.length);
  for (const { name, doc, keys } of STIMULI) {
    t.regex(doc, /\.$/, name);
    for (const key of keys) t.regex(key, /^[a-z_]+$/, name);
  }
});

/** What somebody might write where something else belongs. */
const JUNK = [
  [-1, 1e300, 1.5, '', 'x y', '0xzz', '0x', 'MPOL', '|', true, null],
  [[], [1], ['r'], ['r', -1], ['r', 0, -1], ['x y', 0], ['@', 1.5], [-1], ['CAP_X'], [null], [[]]],
  [{}, { words: [-1] }, { words: ['0xzz'] }, { words: [], skew: 1.5 }, { tries: -1 }, { edge: -1 }, { mask: [-1] }],
  [{ out32: -1 }, [{ pass: -1, steps: 3 }], [{ pass: 0, steps: [3] }]],
].flat();

test('what a schema says completes the sentence "it must be …"', (t) => {
  for (const definition of STIMULI) {
    for (const key of definition.keys) {
      for (const junk of JUNK) {
        const { error } = definition.schema.safeParse({ op: definition.name, [key]: junk });
        for (const { code, message, path } of error?.issues ?? []) {
          if (code === 'unrecognized_keys' || code === 'custom') continue;
          t.notRegex(message, /^[A-Z]/, `${definition.name} ${path.join('.')} ${JSON.stringify(junk)}`);
        }
      }
    }
  }
});

test('numbers are whole, hexadecimal, or constants joined by |', (t) => {
  t.is(resolveNumber(-1), -1n);
  t.is(resolveNumber('0xffffffffffffffff'), 0xffffffffffffffffn);
  t.is(resolveNumber('MPOL_MF_MOVE|MPOL_MF_STRICT'), 3n);
  t.is(resolveNumber('5|MPOL_F_STATIC_NODES'), 0x8005n);
  t.is(resolveNumber('A|B', { A: 1, B: 8 }), 9n);
  t.throws(() => resolveNumber('MPOL_BIND', { A: 1 }), {
    message: '"MPOL_BIND" is neither a number nor a constant known here',
  });
  t.throws(() => resolveNumber('toString'), { message: /neither/ });
});
