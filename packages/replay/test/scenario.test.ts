/**
 * Scenario files: good ones are read, bad ones are refused in words. The error texts here are whole: read them aloud,
 * and change the code when one of them would not help you.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parseStimulus, printStimulus } from '@pagetape/events';
import test from 'ava';
import { loadScenario, parseScenario } from '../src/scenario/load.ts';
import { loadOracle, parseOracle } from '../src/scenario/oracle.ts';
import { ScenarioError } from '../src/scenario/problem.ts';
import { jsonSchemaText, SCHEMA_FILE } from '../src/scenario/schema.ts';

/** Two nodes, and a task with a region: what most tables below begin with. */
const HEAD = `machine: {nodes: [{memory: 512MiB}, {memory: 512MiB, cpus: 2}]}
steps:
  - {op: spawn, t: A}
  - {op: mmap, t: A, r: heap, at: 0, pages: 8}
`;

const steps = (text: string): string => HEAD + text;

/** A title, a file, and all that is said about it. */
const bad: readonly (readonly [title: string, text: string, message: string])[] = [
  [
    'an unknown operation',
    steps('  - {op: tuch, t: A, addr: [heap, 0], pages: 1}'),
    `s.yaml:5:10: there is no operation "tuch"; did you mean "touch"?
   5 |   - {op: tuch, t: A, addr: [heap, 0], pages: 1}
     |          ^^^^`,
  ],
  [
    'an unknown key: it is not said to be missing as well',
    steps('  - {op: touch, t: A, addr: [heap, 0], pags: 1}'),
    `s.yaml:5:40: touch does not take "pags"; did you mean "pages"?
   5 |   - {op: touch, t: A, addr: [heap, 0], pags: 1}
     |                                        ^^^^`,
  ],
  [
    'an unknown key like no other',
    steps('  - {op: io_done, when: now}\n  - {op: exit, t: A, status: 1}'),
    `s.yaml:5:19: io_done does not take "when"; it takes op
   5 |   - {op: io_done, when: now}
     |                   ^^^^
s.yaml:6:22: exit does not take "status"; it takes op, t and zombie
   6 |   - {op: exit, t: A, status: 1}
     |                      ^^^^^^`,
  ],
  [
    'a missing key',
    steps('  - op: touch\n    t: A\n    pages: 3'),
    `s.yaml:5:9: touch needs "addr": an address: [region, page], [region, page, byte], ["@", page], "NULL", "bad" or "0x…" in quotes
   5 |   - op: touch
     |         ^^^^^`,
  ],
  [
    'a word where a number should be',
    steps('  - {op: mlock, t: A, addr: [heap, 0], pages: four}'),
    `s.yaml:5:47: "pages" is four; it must be a number of pages, from 1 to 268435455
   5 |   - {op: mlock, t: A, addr: [heap, 0], pages: four}
     |                                               ^^^^`,
  ],
  [
    'more pages than there can be',
    steps('  - {op: mlock, t: A, addr: [heap, 0], pages: 4000000000}'),
    `s.yaml:5:47: "pages" is 4000000000; it must be a number of pages, from 1 to 268435455
   5 |   - {op: mlock, t: A, addr: [heap, 0], pages: 4000000000}
     |                                               ^^^^^^^^^^`,
  ],
  [
    'a wrong word among few',
    steps('  - {op: io, mode: stop}\n  - {op: io, mode: holt}'),
    `s.yaml:5:20: "mode" is stop; it must be "now", "step", "hold" or "stuck"; did you mean "step"?
   5 |   - {op: io, mode: stop}
     |                    ^^^^
s.yaml:6:20: "mode" is holt; it must be "now", "step", "hold" or "stuck"; did you mean "hold"?
   6 |   - {op: io, mode: holt}
     |                    ^^^^`,
  ],
  [
    'an unknown constant',
    steps('  - {op: madvise, t: A, addr: [heap, 0], pages: 1, advice: MADV_DONTNED}'),
    `s.yaml:5:60: "MADV_DONTNED" is not a constant known here; did you mean "MADV_DONTNEED"?
   5 |   - {op: madvise, t: A, addr: [heap, 0], pages: 1, advice: MADV_DONTNED}
     |                                                            ^^^^^^^^^^^^`,
  ],
  [
    'an unknown capability',
    steps('  - {op: capdrop, t: A, caps: [CAP_SYS_NICE, CAP_SYS_RESOURCES]}'),
    `s.yaml:5:46: "caps[1]" is CAP_SYS_RESOURCES; it must be the name of a capability, such as CAP_SYS_NICE; did you mean "CAP_SYS_RESOURCE"?
   5 |   - {op: capdrop, t: A, caps: [CAP_SYS_NICE, CAP_SYS_RESOURCES]}
     |                                              ^^^^^^^^^^^^^^^^^`,
  ],
  [
    'a number that does not fit',
    steps('  - {op: set_mempolicy, t: A, mode: 0, mask: null, maxnode: 0xffffffffffffffff}'),
    `s.yaml:5:61: "maxnode" is 0xffffffffffffffff; it must be a whole number, "0x…" with up to 16 digits, or constants joined by "|", such as "MPOL_MF_MOVE|MPOL_MF_STRICT"; put quotes around it
   5 |   - {op: set_mempolicy, t: A, mode: 0, mask: null, maxnode: 0xffffffffffffffff}
     |                                                             ^^^^^^^^^^^^^^^^^^`,
  ],
  [
    'a node mask as kernels print it',
    steps('  - {op: migrate_pages, t: A, pid: self, maxnode: 64, old: 0-1, new: [1]}'),
    `s.yaml:5:60: "old" is 0-1; it must be a node mask: a list of node numbers, null, "bad" or {words: ["0x…", …], edge?, skew?}
   5 |   - {op: migrate_pages, t: A, pid: self, maxnode: 64, old: 0-1, new: [1]}
     |                                                            ^^^`,
  ],
  [
    'keys that exclude each other, and a choice that is not made',
    steps('  - {op: spawn, t: B, node: 0, cpu: 0}\n  - {op: pin, t: A}'),
    `s.yaml:5:10: spawn takes only one of "node" and "cpu"
   5 |   - {op: spawn, t: B, node: 0, cpu: 0}
     |          ^^^^^
s.yaml:6:10: pin needs "cpu" or "node"
   6 |   - {op: pin, t: A}
     |          ^^^`,
  ],
  [
    'steps that are none',
    steps('  - touch\n  - {t: A}\n  - {op: 7}\n  -'),
    `s.yaml:5:5: a step is touch; it must be a step, such as {op: touch, t: A, addr: [r, 0], pages: 1}
   5 |   - touch
     |     ^^^^^
s.yaml:6:6: a step needs "op": the name of an operation, such as touch
   6 |   - {t: A}
     |      ^
s.yaml:7:10: "op" is 7; it must be the name of an operation, such as touch
   7 |   - {op: 7}
     |          ^
s.yaml:8:4: a step is empty; it must be a step, such as {op: touch, t: A, addr: [r, 0], pages: 1}
   8 |   -
     |    ^`,
  ],
  [
    'a task that is not there: told once',
    steps('  - {op: touch, t: B, addr: [heap, 0], pages: 1}\n  - {op: exit, t: B}'),
    `s.yaml:5:20: there is no task "B" yet; so far there is A
   5 |   - {op: touch, t: B, addr: [heap, 0], pages: 1}
     |                    ^`,
  ],
  [
    'a misspelt spawn does not make its task unknown',
    'machine: {nodes: [{pages: 64}]}\nsteps:\n  - {op: spwan, t: A}\n  - {op: exit, t: A}',
    `s.yaml:3:10: there is no operation "spwan"; did you mean "spawn"?
   3 |   - {op: spwan, t: A}
     |          ^^^^^`,
  ],
  [
    'names that are taken, and words that are no names',
    steps('  - {op: fork, t: A, as: A}\n  - {op: spawn, t: self}'),
    `s.yaml:5:26: there is a task "A" already; take a name that no task had before
   5 |   - {op: fork, t: A, as: A}
     |                          ^
s.yaml:6:20: "t" is self; it must be the name of a task: a letter, then letters, digits, "_" or "-"; not self, kthread, init or none
   6 |   - {op: spawn, t: self}
     |                    ^^^^`,
  ],
  [
    'a region that is not there',
    steps(
      '  - {op: touch, t: A, addr: [haep, 0], pages: 1}\n  - {op: spawn, t: B}\n  - {op: touch, t: B, addr: [heap, 0], pages: 1}',
    ),
    `s.yaml:5:30: A has no region "haep" yet; did you mean "heap"?
   5 |   - {op: touch, t: A, addr: [haep, 0], pages: 1}
     |                              ^^^^
s.yaml:7:30: B has no region "heap" yet; map it first with {op: mmap, t: B, r: heap, …}
   7 |   - {op: touch, t: B, addr: [heap, 0], pages: 1}
     |                              ^^^^`,
  ],
  [
    'files',
    steps(`  - {op: mmap, t: A, r: x, at: 99, pages: 1, kind: file}
  - {op: mmap, t: A, r: y, at: 99, pages: 1, file: data}
  - {op: mmap, t: A, r: z, at: 99, pages: 1, kind: filepriv, file: data}`),
    `s.yaml:5:52: a region of kind file needs "file": the name of a file
   5 |   - {op: mmap, t: A, r: x, at: 99, pages: 1, kind: file}
     |                                                    ^^^^
s.yaml:6:52: a region with a file is of kind file or filepriv; say which with "kind"
   6 |   - {op: mmap, t: A, r: y, at: 99, pages: 1, file: data}
     |                                                    ^^^^
s.yaml:7:68: there is no file "data" yet; make it first with {op: file, name: data, pages: …}
   7 |   - {op: mmap, t: A, r: z, at: 99, pages: 1, kind: filepriv, file: data}
     |                                                                    ^^^^`,
  ],
  [
    'nodes and cpus that are not there',
    `machine:
  nodes: [{id: 0, memory: 1GiB}, {id: 4, memory: 1GiB, cpus: 0}]
steps:
  - {op: spawn, t: A, node: 1}
  - {op: pin, t: A, node: 4}
  - {op: drain, cpu: 1}`,
    `s.yaml:4:29: the machine has no node 1; it has nodes 0 and 4
   4 |   - {op: spawn, t: A, node: 1}
     |                             ^
s.yaml:5:27: node 4 has no cpu to run on; take node 0
   5 |   - {op: pin, t: A, node: 4}
     |                           ^
s.yaml:6:22: the machine has no cpu 1; it has only cpu 0
   6 |   - {op: drain, cpu: 1}
     |                      ^`,
  ],
  [
    'what cannot be inside of a call',
    steps(`  - op: migrate_pages
    t: A
    pid: self
    maxnode: 64
    old: [0]
    new: [1]
    during:
      - pass: 1
        steps: [{op: touch, t: A, addr: [heap, 0], pages: 1}, {op: parallel, steps: []}]
      - after: 1
        steps: []`),
    `s.yaml:13:32: A is busy with this migrate_pages; another task must do what happens during it
  13 |         steps: [{op: touch, t: A, addr: [heap, 0], pages: 1}, {op: parallel, steps: []}]
     |                                ^
s.yaml:13:68: "parallel" cannot be inside of another step; put it among the steps of the scenario
  13 |         steps: [{op: touch, t: A, addr: [heap, 0], pages: 1}, {op: parallel, steps: []}]
     |                                                                    ^^^^^^^^
s.yaml:14:9: "during" needs "pass": a whole number from 0
  14 |       - after: 1
     |         ^^^^^
s.yaml:14:9: "during" does not take "after"; it takes pass and steps
  14 |       - after: 1
     |         ^^^^^`,
  ],
  [
    'sizes',
    `machine:
  nodes:
    - memory: 512MB
    - memory: 512
steps: []`,
    `s.yaml:3:15: "memory" is 512MB; it must be a size in KiB, MiB, GiB or TiB, such as 512MiB
   3 |     - memory: 512MB
     |               ^^^^^
s.yaml:4:15: "memory" is 512; it must be a size in KiB, MiB, GiB or TiB, such as 512MiB
   4 |     - memory: 512
     |               ^^^`,
  ],
  [
    'a machine whose parts do not fit together',
    `machine:
  nodes:
    - {id: 3, memory: 6KiB}
    - {id: 2, pages: 9, memory: 36KiB}
    - {pages: 9, zones: {DMA: 4, Normal: 4}}
    - {cpus: 1}
  distance: [[10, 20], [5, 10], [20, 20, 10]]
  swap: [64MiB, 3KiB]
steps: []`,
    `s.yaml:3:23: 6KiB is not a whole number of pages; make it a multiple of 4KiB
   3 |     - {id: 3, memory: 6KiB}
     |                       ^^^^
s.yaml:4:12: node 2 comes after node 3; the numbers of nodes must go up
   4 |     - {id: 2, pages: 9, memory: 36KiB}
     |            ^
s.yaml:4:33: a node takes "pages" or "memory", not both; leave one out
   4 |     - {id: 2, pages: 9, memory: 36KiB}
     |                                 ^^^^^
s.yaml:5:25: the zones have 8 pages together, and the node 9; they must agree
   5 |     - {pages: 9, zones: {DMA: 4, Normal: 4}}
     |                         ^^^^^^^^^^^^^^^^^^^
s.yaml:6:7: a node needs "memory", such as 512MiB, or "pages"; without memory it has 0 pages
   6 |     - {cpus: 1}
     |       ^^^^^^^^^
s.yaml:7:13: there are 3 rows for 4 nodes; there must be one for each node
   7 |   distance: [[10, 20], [5, 10], [20, 20, 10]]
     |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
s.yaml:7:14: this row has 2 numbers for 4 nodes; there must be one for each node
   7 |   distance: [[10, 20], [5, 10], [20, 20, 10]]
     |              ^^^^^^^^
s.yaml:7:24: this row has 2 numbers for 4 nodes; there must be one for each node
   7 |   distance: [[10, 20], [5, 10], [20, 20, 10]]
     |                        ^^^^^^^
s.yaml:7:25: the distance from node 2 to node 3 is 5; it must be at least 10
   7 |   distance: [[10, 20], [5, 10], [20, 20, 10]]
     |                         ^
s.yaml:7:33: this row has 3 numbers for 4 nodes; there must be one for each node
   7 |   distance: [[10, 20], [5, 10], [20, 20, 10]]
     |                                 ^^^^^^^^^^^^
s.yaml: and 1 more`,
  ],
  [
    'settings that no machine takes',
    `machine:
  nodes: [{memory: 4MiB, dimm: 1}, {memory: 4MiB}]
  cgroup: v3
  options: {thp: madvise}
steps: []`,
    `s.yaml:2:32: "dimm" is 1; it must be true or false
   2 |   nodes: [{memory: 4MiB, dimm: 1}, {memory: 4MiB}]
     |                                ^
s.yaml:3:11: "cgroup" is v3; it must be "v1" or "v2"
   3 |   cgroup: v3
     |           ^^
s.yaml:4:3: a machine does not take "options"; it takes arch, nodes, distance, swap, page_cluster, io, swap_device, cgroup, thp, numa_balancing, fault_around, hugepages and tmpfs_mpol
   4 |   options: {thp: madvise}
     |   ^^^^^^^`,
  ],
  [
    'settings that do not fit the machine',
    `machine:
  nodes: [{memory: 4MiB}, {memory: 4MiB}]
  swap_device: 5KiB
  hugepages: [1]
  fault_around: 5000
steps: []`,
    `s.yaml:3:16: 5KiB is not a whole number of pages; make it a multiple of 4KiB
   3 |   swap_device: 5KiB
     |                ^^^^
s.yaml:4:14: there are 1 numbers for 2 nodes; there must be one for each node
   4 |   hugepages: [1]
     |              ^^^
s.yaml:5:17: 5000 is not a power of two, such as 65536
   5 |   fault_around: 5000
     |                 ^^^^`,
  ],
  [
    'unknown keys of the machine, a profile that is misspelt',
    `profile: linux-6.13
machine: {nodes: [{pages: 9, zones: {DMA33: 9}}], swapp: 64}
step: []`,
    `s.yaml:1:10: "profile" is linux-6.13; it must be the name of a profile; did you mean "linux-6.1"?
   1 | profile: linux-6.13
     |          ^^^^^^^^^^
s.yaml:2:38: "zones" does not take "DMA33"; did you mean "DMA32"?
   2 | machine: {nodes: [{pages: 9, zones: {DMA33: 9}}], swapp: 64}
     |                                      ^^^^^
s.yaml:2:51: a machine does not take "swapp"; did you mean "swap"?
   2 | machine: {nodes: [{pages: 9, zones: {DMA33: 9}}], swapp: 64}
     |                                                   ^^^^^
s.yaml:3:1: a scenario does not take "step"; did you mean "steps"?
   3 | step: []
     | ^^^^`,
  ],
  ['an empty file', '', 's.yaml:1:1: this is empty; it must be a scenario: a mapping with "machine" and "steps"'],
  [
    'not a mapping',
    '- 1',
    `s.yaml:1:1: this is - 1; it must be a scenario: a mapping with "machine" and "steps"
   1 | - 1
     | ^^^`,
  ],
  [
    'a bracket that is not closed',
    'machine: {nodes: [{pages: 9}]\nsteps: []',
    `s.yaml:2:1: a "}" is missing, here or before
   2 | steps: []
     | ^`,
  ],
  [
    'a key twice',
    'name: a\nname: b\nmachine: {nodes: [{pages: 9}]}\nsteps: []',
    `s.yaml:2:1: "name" is given twice; leave one of them out
   2 | name: b
     | ^^^^`,
  ],
  [
    'an alias of nothing',
    'machine: *two\nsteps: []',
    `s.yaml:1:10: nothing is called "&two" before this place; write it out, or mark it so
   1 | machine: *two
     |          ^^^^`,
  ],
  [
    'JSON on one long line',
    JSON.stringify({
      about: 'x'.repeat(150),
      machine: { nodes: [{ pages: 9 }] },
      steps: [
        { op: 'spawn', t: 'A' },
        { op: 'drain', cpu: -1 },
      ],
    }),
    `s.yaml:1:249: "cpu" is -1; it must be a cpu number, from 0
   1 | {"op":"drain","cpu":-1}]}
     |                     ^^`,
  ],
];

for (const [title, text, message] of bad) {
  test(`refused: ${title}`, (t) => {
    const error = t.throws(() => parseScenario(text, 's.yaml'), { instanceOf: ScenarioError });
    t.is(error.message, message);
  });
}

const OWN_NAMES = [...Object.getOwnPropertyNames(Object.prototype), 'prototype'];

test('what every object has is no name of a task, a region or a file', (t) => {
  const right = 'it must be a name that JavaScript objects do not have by themselves';
  for (const name of OWN_NAMES) {
    const text = steps(`  - {op: spawn, t: ${name}}
  - {op: mmap, t: A, r: ${name}, at: 64, pages: 1}
  - {op: file, name: ${name}, pages: 1}`);
    const { problems } = t.throws(() => parseScenario(text, 's.yaml'), { instanceOf: ScenarioError });
    const told = ['t', 'r', 'name'].map((key) => `"${key}" is ${name}; ${right}`);
    t.deepEqual(
      problems.map(({ message }) => message),
      told,
    );
  }
});

/** No JSON, where it stops, and what is said. The YAML parser takes most of these. */
const NO_JSON: readonly (readonly [text: string, place: string, message: string])[] = [
  ['{"steps": [\n  {"op": "drain"},\n]}', '3:1', 'no "," may stand before this "]"; remove the comma'],
  ['{"a": 1,}', '1:9', 'no "," may stand before this "}"; remove the comma'],
  ['{"a": }', '1:7', 'a value should stand here'],
  ['{"a" 1}', '1:6', '":" should stand here'],
  ['{a: 1}', '1:2', 'a key in double quotes or "}" should stand here'],
  ['{\n"a": 01}', '2:6', 'a value should stand here'],
  ["['x']", '1:2', 'a value or "]" should stand here'],
  ['[1 2]', '1:4', '"," or "]" should stand here'],
  ['{"a": [1', '1:9', 'a "]" is missing'],
  ['# steps\n{}', '1:1', 'a value should stand here'],
  ['{} {}', '1:4', 'the text goes on after its end; remove it'],
  ['', '1:1', 'a value should stand here'],
];

for (const [text, place, message] of NO_JSON) {
  test(`refused in a .json file: ${JSON.stringify(text)}`, (t) => {
    t.throws(() => JSON.parse(text) as unknown);
    const error = t.throws(() => parseScenario(text, 's.json'), { instanceOf: ScenarioError });
    t.is(error.message.split('\n')[0], `s.json:${place}: this is not JSON: ${message}`);
  });
}

test('a .json file may hold all that JSON has', (t) => {
  const text = `\ufeff{"about": "\\u00e9 \\"",\r\n\t"machine": {"nodes": [{"pages": 2.56e2}]}, "steps": [ ]}\n`;
  t.is(parseScenario(text, 's.json').about, 'é "');
});

test('of a file that is no text, little is shown, and nothing that a terminal would obey', (t) => {
  const binary = `\x7fELF\x02\x01\x1b[2J\x9b${'\0'.repeat(3000)}`;
  for (const text of [binary, `machine: "a" ${binary}`, `[\x1b[0m, ${binary}`]) {
    const { message } = t.throws(() => parseScenario(text, 's.yaml'), { instanceOf: ScenarioError });
    t.notRegex(message, /[^\P{Cc}\n]/u);
    t.true(message.split('\n').every((line) => line.length < 200));
  }
});

test('an error lists its problems for programs, all of them', (t) => {
  const lines = Array.from({ length: 12 }, () => '  - {op: nothing}\n').join('');
  const error = t.throws(() => parseScenario(steps(lines), 's.yaml'), { instanceOf: ScenarioError });
  t.is(error.problems.length, 12);
  t.deepEqual(error.problems[0], {
    line: 5,
    column: 10,
    path: 'steps[2].op',
    message: 'there is no operation "nothing"; scenario.schema.json lists all operations',
  });
  t.true(error.message.endsWith('s.yaml: and 2 more'));
});

test('a scenario is read, with defaults', (t) => {
  const scenario = parseScenario(steps('  - {op: touch, t: A, addr: [heap, 0], pages: 8, mode: r}'), 's.yaml');
  t.deepEqual(scenario, {
    machine: {
      nodes: [
        { id: 0, pages: 131_072, cpus: 1 },
        { id: 1, pages: 131_072, cpus: 2 },
      ],
      swap: [],
      page_cluster: 3,
      io: 'step',
    },
    steps: [
      { op: 'spawn', t: 'A' },
      { op: 'mmap', t: 'A', r: 'heap', at: 0, pages: 8 },
      { op: 'touch', t: 'A', addr: ['heap', 0], pages: 8, mode: 'r' },
    ],
  });
});

test('all that a scenario can say about itself and its machine', (t) => {
  const scenario = parseScenario(
    `name: n
about: a
profile: swap-v5-seed
compare: [linux-2.6.16]
seed: 42
machine:
  nodes: [{id: 1, memory: 16MiB, cpus: 2, zones: {DMA: 4000, Normal: 96}}, {id: 5, pages: 0, cpus: 0, dimm: true}, {pages: 7}]
  distance: [[10, 40, 20], [40, 10, 20], [20, 20, 10]]
  swap: [64, 1MiB]
  page_cluster: 0
  io: hold
  swap_device: 1MiB
  cgroup: v2
  thp: madvise
  numa_balancing: 1
  fault_around: 65536
  hugepages: [2, 0, 1]
  tmpfs_mpol: bind:2
steps: []`,
    's.yaml',
  );
  t.deepEqual(scenario, {
    name: 'n',
    about: 'a',
    profile: 'swap-v5-seed',
    compare: ['linux-2.6.16'],
    seed: '42',
    machine: {
      nodes: [
        { id: 1, pages: 4096, cpus: 2, zones: { DMA: 4000, Normal: 96 } },
        { id: 5, pages: 0, cpus: 0, dimm: true },
        { id: 6, pages: 7, cpus: 1 },
      ],
      distance: [
        [10, 40, 20],
        [40, 10, 20],
        [20, 20, 10],
      ],
      swap: [64, 256],
      page_cluster: 0,
      io: 'hold',
      swap_device: 256,
      cgroup: 'v2',
      thp: 'madvise',
      numa_balancing: 1,
      fault_around: 65_536,
      hugepages: [2, 0, 1],
      tmpfs_mpol: 'bind:2',
    },
    steps: [],
  });
});

test('steps may share what YAML calls an anchor, run in parallel, and be wrong on purpose', (t) => {
  const scenario = parseScenario(
    steps(`  - {op: fork, t: A, as: B}
  - op: parallel
    steps:
      - &touch {op: touch, t: A, addr: &here [heap, 0], pages: 2}
      - {op: touch, t: B, addr: *here, pages: 2}
      - *touch
  - {op: migrate_pages, t: A, pid: none, maxnode: "0x8000000000000000", old: bad, new: {words: ["0x200"], edge: true}}
  - {op: mbind, t: B, addr: "0x7ffffffff000", len: 1, mode: 5|MPOL_F_STATIC_NODES, mask: [9], maxnode: -1, flags: 0}
  - {op: exit, t: B}
  - {op: touch, t: B, addr: [heap, 99], pages: 1}
  - {op: lock, t: A, addr: NULL, until: {tries: 2}}`),
    's.yaml',
  );
  t.is(scenario.steps.length, 9);
  for (const step of scenario.steps) t.deepEqual(parseStimulus(printStimulus(step)), step);
});

test('a file is read by its path', (t) => {
  const file = new URL('fixtures/scenario/race-two-calls.json', import.meta.url);
  const error = t.throws(() => loadScenario(file.pathname), { instanceOf: ScenarioError });
  t.true(
    error.message.includes(
      'a scenario does not take "kernel"; it takes name, about, profile, compare, seed, machine and steps',
    ),
  );
});

const fixtures = new URL('fixtures/scenario/', import.meta.url);

test('files of the oracle are read whole', (t) => {
  for (const name of readdirSync(fixtures)) {
    const { scenario, results } = loadOracle(new URL(name, fixtures).pathname);
    t.is(`${scenario.name}.json`, name);
    t.true(results.length > 0 && results.length <= scenario.steps.length, name);
    for (const step of scenario.steps) t.deepEqual(parseStimulus(printStimulus(step)), step, name);
  }
});

test('the machine and the profile of an oracle file', (t) => {
  const old = loadOracle(new URL('race-two-calls.json', fixtures).pathname);
  t.is(old.kernel, 'swap-v5/seed');
  t.is(old.scenario.profile, 'swap-v5-seed');
  t.deepEqual(old.scenario.machine, {
    nodes: [
      { id: 0, pages: 128, cpus: 1 },
      { id: 1, pages: 128, cpus: 1 },
    ],
    swap: [64],
    page_cluster: 3,
    io: 'step',
  });

  const young = loadOracle(new URL('off-where.json', fixtures).pathname);
  t.is(young.scenario.profile, 'linux-6.12');
  t.deepEqual(young.scenario.machine.nodes[2], { id: 2, pages: 65_536, cpus: 0, dimm: true });
  const { swap, swap_device, page_cluster, io } = young.scenario.machine;
  t.deepEqual({ swap, swap_device, page_cluster, io }, { swap: [], swap_device: 4095, page_cluster: 0, io: 'now' });

  const v1 = loadOracle(new URL('v1-migrate.json', fixtures).pathname);
  t.is(v1.scenario.profile, 'linux-6.1');
  t.is(v1.scenario.machine.cgroup, 'v1');
});

test('an oracle file that is not understood says what and where', (t) => {
  const file = {
    name: 'x',
    kernel: 'swap-v5/seed',
    nodes: [{ id: 0, pages: 9 }],
    steps: [{ op: 'exit', t: 'A' }],
    results: [],
  };
  const read = (change: object) => () => parseOracle(JSON.stringify({ ...file, ...change }), 'o.json');
  t.throws(read({}), { message: /^o\.json: steps\[0\]\.t: there is no task "A" yet; spawn it first/ });
  t.throws(read({ kernel: 'mine' }), {
    message: 'o.json: kernel "mine" is neither swap-v5/… nor a release such as 6.12.1',
  });
  t.throws(read({ kernel: '2.4.1', steps: [] }), {
    message: /^o\.json: profile: "profile" is "linux-2\.4"; it must be the name of a profile; did you mean /,
  });
  t.throws(read({ nodes: 3 }), { message: /^o\.json: not a file of the oracle:\n.*\n.*nodes/ });
  t.throws(() => parseOracle('{', 'o.json'), { message: /^o\.json: not JSON: / });
});

test('the JSON Schema is up to date (scripts/run.mjs packages/replay/src/scenario/schema.ts --write)', (t) => {
  t.is(readFileSync(SCHEMA_FILE, 'utf8'), jsonSchemaText());
});
