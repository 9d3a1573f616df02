// The lint rules that are ours: what may not be used where state is, and who may import whom.
//
// The rules are two tables. `globals`, `members` and `syntax` say what would let time, chance, the host or the
// order of execution into a run; .oxlintrc.json applies them to packages/events/src and packages/core/src.
// `imports` says what each folder may import. tools/lint/bans.test.ts shows every row at work.
//
// Lint cannot see everything: a Map restored in another order, say. For that, runs are compared by hash.

import { posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

const why = {
  'no-clock': 'time comes from the virtual clock of the state',
  'no-chance': 'chance comes from the seeded generator of the state (prng.ts)',
  'no-locale': 'the result depends on the language settings or the Unicode tables of the host',
  'no-inexact-math': 'the last digit differs between engines; use integers, multiply, or write the number down',
  'no-host': 'the machine knows no host; let packages/replay pass in what is needed',
  'no-async': 'the order of execution is the scheduler’s to choose; use a generator',
  'no-for-in': 'it also walks the prototype; use Object.keys or a table',
  'sort-says-order': 'without a comparator numbers are sorted as text; say the order',
};

/** Names that may not be used as a global, by rule. A local variable of the same name is fine. */
const globals = {
  'no-clock': words('Date performance Temporal'),
  'no-locale': words('Intl'),
  'no-host': words(`process globalThis global window self navigator console fetch crypto require Buffer
    WeakRef FinalizationRegistry SharedArrayBuffer Atomics`),
  'no-async': words(`Promise queueMicrotask setTimeout setInterval setImmediate clearTimeout clearInterval
    clearImmediate requestAnimationFrame`),
};

/** Members that may not be read, on whatever object, by rule. */
const members = {
  'no-locale': /^(localeCompare|toLocale[A-Z]\w*)$/,
};

/** Correctly rounded by the language’s own rules, so the same everywhere. All other members of Math are not, or are chance. */
const exactMath = words('abs ceil clz32 floor fround imul max min round sign sqrt trunc');

/** Syntax that may not occur: rule, node type, and when. */
const syntax = [
  ['no-for-in', 'ForInStatement', () => 'for…in'],
  ['no-inexact-math', 'BinaryExpression', (node) => node.operator === '**' && '**'],
  ['no-inexact-math', 'AssignmentExpression', (node) => node.operator === '**=' && '**='],
  ['no-async', 'AwaitExpression', () => 'await'],
  ['no-async', 'ForOfStatement', (node) => node.await && 'for await'],
  ['no-async', 'FunctionDeclaration', (node) => node.async && 'async'],
  ['no-async', 'FunctionExpression', (node) => node.async && 'async'],
  ['no-async', 'ArrowFunctionExpression', (node) => node.async && 'async'],
  ['no-async', 'ImportExpression', () => 'import()'],
  ['no-host', 'MetaProperty', (node) => node.meta.name === 'import' && 'import.meta'],
  [
    'sort-says-order',
    'CallExpression',
    (node) => isSort(node.callee) && node.arguments.length === 0 && `${nameOf(node.callee)}()`,
  ],
];

/** Who may import what, besides files of the same package. All rows whose folder or ending matches count together. */
const imports = [
  ['packages/events/src/', ['zod']],
  ['packages/core/src/', ['@pagetape/events']],
  ['packages/core/src/prng.ts', ['seedrandom']],
  ['packages/core/src/reduce/', ['immer']],
  ['packages/core/src/reference/', ['immer']],
  ['packages/core/src/state/', ['immer']],
  [
    'packages/replay/',
    ['node:*', '@pagetape/events', '@pagetape/core', 'zod', 'yaml', 'commander', '@commander-js/extra-typings'],
  ],
  ['packages/replay/src/bench/', ['@reduxjs/toolkit']],
  ['packages/replay/src/fuzz/farm/', ['bullmq', 'ioredis']],
  ['examples/', ['node:*', '@pagetape/events', '@pagetape/core', '@pagetape/replay', 'yaml']],
  ['scripts/', ['node:*']],
  ['tools/', ['node:*', '@pagetape/events', '@pagetape/core']],
  // Tests see their own package from outside too, and the same packages as what they test.
  ['packages/events/test/', ['@pagetape/events', 'zod']],
  ['packages/core/test/', ['@pagetape/events', '@pagetape/core', 'immer', 'seedrandom']],
  ['packages/replay/test/', ['@pagetape/replay']],
  [/\.test\.ts$|^packages\/\w+\/test\//, ['ava', 'fast-check', 'node:*']],
  [/\.bench\.ts$/, ['node:*']],
];

function words(text) {
  return text.split(/\s+/);
}

/** The member’s name where it can be read off: `a.b`, `a?.b`, `a['b']`. */
function nameOf(node) {
  if (node.type !== 'MemberExpression') return undefined;
  return node.computed ? node.property.value : node.property.name;
}

function isSort(callee) {
  return ['sort', 'toSorted'].includes(nameOf(callee));
}

/** References to names that no scope of the file declares. */
function globalReferences(sourceCode) {
  const { through, variables } = sourceCode.scopeManager.globalScope;
  const undeclared = variables.filter((variable) => variable.defs.length === 0);
  return [...through, ...undeclared.flatMap((variable) => variable.references)].map(
    (reference) => reference.identifier,
  );
}

/** `Math` itself is allowed only in `Math.floor` and its like. Any other use of it could be any of its members. */
function misusedMath(rule, identifier) {
  const { parent } = identifier;
  const member = parent.object === identifier ? nameOf(parent) : undefined;
  const broken = member === 'random' ? 'no-chance' : 'no-inexact-math';
  if (rule !== broken || exactMath.includes(member)) return undefined;
  return member === undefined ? 'Math as a value' : `Math.${member}`;
}

function misusedGlobal(rule, identifier) {
  if (identifier.name === 'Math') return misusedMath(rule, identifier);
  return globals[rule]?.includes(identifier.name) ? identifier.name : undefined;
}

function banRule(rule) {
  const create = (context) => {
    const report = (node, what) => what && context.report({ node, message: `${what}: ${why[rule]}.` });
    const visitor = {
      'Program:exit'() {
        for (const identifier of globalReferences(context.sourceCode))
          report(identifier, misusedGlobal(rule, identifier));
      },
      MemberExpression(node) {
        if (members[rule]?.test(nameOf(node))) report(node, `.${nameOf(node)}`);
      },
    };
    for (const [, type, found] of syntax.filter((row) => row[0] === rule)) {
      visitor[type] = (node) => report(node, found(node));
    }
    return visitor;
  };
  return { meta: { type: 'problem', docs: { description: why[rule] } }, create };
}

/** `packages/core/src/a.ts` → `packages/core`, `scripts/a.mjs` → `scripts`, `ava.config.js` → ``. */
function unitOf(path) {
  return /^(packages\/[^/]+|[^/]+)\//.exec(path)?.[1] ?? '';
}

function mayImport(path, specifier) {
  if (specifier.startsWith('.')) {
    const target = posix.normalize(posix.join(posix.dirname(path), specifier));
    return unitOf(path) === '' || unitOf(target) === unitOf(path);
  }
  const rows = imports.filter(([where]) => (where instanceof RegExp ? where.test(path) : path.startsWith(where)));
  return rows.some(([, names]) =>
    names.some((name) => name === specifier || (name.endsWith(':*') && specifier.startsWith(name.slice(0, -1)))),
  );
}

const importDirection = {
  meta: { type: 'problem', docs: { description: 'imports go one way: events ← core ← replay ← examples' } },
  create(context) {
    const path = relative(root, context.filename).split(sep).join('/');
    const check = (node) => {
      const specifier = node.source?.value;
      if (typeof specifier !== 'string' || mayImport(path, specifier)) return;
      context.report({
        node,
        message: `${path} may not import '${specifier}' (the table is in tools/lint/determinism-plugin.js).`,
      });
    };
    const types = [
      'ImportDeclaration',
      'ExportNamedDeclaration',
      'ExportAllDeclaration',
      'ImportExpression',
      'TSImportType',
    ];
    return Object.fromEntries(types.map((type) => [type, check]));
  },
};

const rules = Object.fromEntries(Object.keys(why).map((rule) => [rule, banRule(rule)]));

export default { meta: { name: 'pagetape' }, rules: { ...rules, 'import-direction': importDirection } };
