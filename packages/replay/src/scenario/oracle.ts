/**
 * Reads the files that say what a kernel did, step by step: scenario and results in one. There are two kinds, of the
 * swap-migration kernels of 2006 and of kernels 6.x, which describe their machines differently.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { valueAt } from './explain.ts';
import { readScenario, type Scenario } from './load.ts';
import { printPath } from './problem.ts';

/** What a kernel answered at one step. The READMEs of the oracle say what the fields mean. */
export type OracleResult = Readonly<Record<string, unknown>>;

export interface Oracle {
  /** Its profile is that of `results`. */
  readonly scenario: Scenario;
  /** As in the file: `swap-v5/seed`, or the release of a kernel. */
  readonly kernel: string;
  /** One for each step; fewer if a step could not end. */
  readonly results: readonly OracleResult[];
  /** The same for swap-v5/rc1, where it differs. */
  readonly resultsRc1?: readonly OracleResult[];
}

const resultList = z.array(z.record(z.string(), z.unknown()));

const oracleFile = z.looseObject({
  name: z.string(),
  about: z.exactOptional(z.string()),
  kernel: z.string(),
  nodes: z.array(
    z.strictObject({
      id: z.int(),
      pages: z.exactOptional(z.int()),
      sizeMiB: z.exactOptional(z.int()),
      cpus: z.exactOptional(z.int()),
      /** Its memory can be taken offline. */
      dimm: z.exactOptional(z.boolean()),
    }),
  ),
  distance: z.exactOptional(z.array(z.array(z.int()))),
  options: z.exactOptional(z.record(z.string(), z.unknown())),
  steps: z.array(z.unknown()),
  results: resultList,
  results_rc1: z.exactOptional(resultList),
});
type OracleFile = z.infer<typeof oracleFile>;

/** Reads a file of the oracle. Throws an Error that says what in it is not understood. */
export function loadOracle(path: string): Oracle {
  return parseOracle(readFileSync(path, 'utf8'), path);
}

/** The same from its text. `fileName` is for errors. */
export function parseOracle(text: string, fileName: string): Oracle {
  const file = readFile(text, fileName);
  const value = {
    name: file.name,
    ...(file.about === undefined ? {} : { about: file.about }),
    profile: profileOf(file.kernel, fileName),
    machine: machineOf(file),
    steps: file.kernel.startsWith('swap-v5/') ? file.steps : file.steps.map(asRecorded),
  };
  const { scenario, findings } = readScenario({ value, quote: (path) => shortJson(valueAt(value, path)) });
  if (!scenario) {
    const all = findings.map((finding) => `${fileName}: ${printPath(finding.path)}: ${finding.message}`);
    throw new Error(all.join('\n'));
  }
  const { kernel, results, results_rc1 } = file;
  return { scenario, kernel, results, ...(results_rc1 ? { resultsRc1: results_rc1 } : {}) };
}

function shortJson(value: unknown): string | undefined {
  const text = JSON.stringify(value) as string | undefined;
  return text !== undefined && text.length <= 40 ? text : undefined;
}

function readFile(text: string, fileName: string): OracleFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${fileName}: not JSON: ${(error as Error).message}`, { cause: error });
  }
  const parsed = oracleFile.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(`${fileName}: not a file of the oracle:\n${z.prettifyError(parsed.error)}`);
}

/** `swap-v5/seed` is the profile swap-v5-seed; `6.12.111+deb12-cloud-amd64` is linux-6.12. */
function profileOf(kernel: string, fileName: string): string {
  if (kernel.startsWith('swap-v5/')) return kernel.replace('/', '-');
  const release = /^\d+\.\d+(?=[.\-+]|$)/.exec(kernel);
  if (!release) throw new Error(`${fileName}: kernel "${kernel}" is neither swap-v5/… nor a release such as 6.12.1`);
  return `linux-${release[0]}`;
}

function machineOf({ kernel, nodes, distance, options = {} }: OracleFile): Record<string, unknown> {
  const shared = { nodes: nodes.map(nodeOf), ...(distance ? { distance } : {}) };
  if (kernel.startsWith('swap-v5/')) {
    // `trace` only says that the file has traces.
    const { trace: _, ...settings } = options;
    return { ...shared, ...settings };
  }
  const { page_cluster = 0, ...settings } = options;
  return { ...shared, page_cluster, io: 'now', swap_device: SWAP_DEVICE, ...settings };
}

/** In recordings of kernels 6.x files are of tmpfs, and an id that is not given is as the first one. */
function asRecorded(step: unknown): unknown {
  const given = step as Readonly<Record<string, unknown>> | null;
  const kind = given?.['op'];
  if (kind === 'file') return { fs: 'tmpfs', ...given };
  if (kind !== 'uid' && kind !== 'gid') return step;
  return { [`e${kind}`]: given?.[kind], [`s${kind}`]: given?.[kind], ...given };
}

/** The slots of the swap device of the machines that ran kernels 6.x. It lies in memory, so all I/O ends at once. */
const SWAP_DEVICE = 4095;

function nodeOf({ id, pages, sizeMiB, ...rest }: OracleFile['nodes'][number]): Record<string, unknown> {
  return { id, pages: pages ?? (sizeMiB ?? 0) * 256, ...rest };
}
