import { nodeArguments } from './scripts/node-args.mjs';

export default {
  files: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'examples/**/*.test.ts', 'tools/**/*.test.ts'],
  extensions: { ts: 'module' },
  nodeArguments: nodeArguments(),
  // On Node 20 a loader given by --import does not reach worker threads, so each test file is a process.
  // A process costs about half a second: prefer few, larger test files.
  workerThreads: false,
  concurrency: 2,
  timeout: '5m',
};
