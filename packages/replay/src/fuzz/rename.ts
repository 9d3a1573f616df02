/** A program whose nodes have other numbers, in the same order. */
import type { NodeMask, Stimulus } from '@pagetape/events';
import { MPOL_F_RELATIVE_NODES, resolveNumber, type NumberValue } from '@pagetape/events';
import type { Program } from '../laws/recording.ts';

/** All but the first node get the next number. Numbers that no machine of ours has stay. */
const rename = (id: number): number => (id > 0 && id < 31 ? id + 1 : id);

/** Something in the program would mean something else. */
class Untranslatable extends Error {}

/** null: the program says something of numbers that cannot be said of others. */
export function renamed(program: Program): Program | null {
  const { machine, steps } = program;
  if (machine.nodes.length < 2 || machine.hugepages) return null;
  try {
    const nodes = machine.nodes.map((node) => ({ ...node, id: rename(node.id) }));
    return { ...program, machine: { ...machine, nodes }, steps: steps.map(renameStep) };
  } catch (error) {
    if (error instanceof Untranslatable) return null;
    throw error;
  }
}

/** A mask ends where it does, whatever numbers nodes have. */
function wide(maxnode: NumberValue): void {
  const bits = resolveNumber(maxnode);
  if (bits >= 0n && bits < 63n) throw new Untranslatable();
}

function renameMask(mask: NodeMask): NodeMask {
  if (mask === null || mask === 'bad') return mask;
  if (Array.isArray(mask)) return (mask as readonly number[]).map(rename);
  throw new Untranslatable();
}

/** Relative nodes are numbers within a set, which do not change with its members. */
function absolute(mode: NumberValue): void {
  const bits = resolveNumber(mode);
  if (bits > 0n && (bits & BigInt(MPOL_F_RELATIVE_NODES)) !== 0n) throw new Untranslatable();
}

function renameStep(step: Stimulus): Stimulus {
  switch (step.op) {
    case 'migrate_pages': {
      wide(step.maxnode);
      const masks = { old: renameMask(step.old), new: renameMask(step.new) };
      return { ...step, ...masks, ...(step.during ? { during: renameDuring(step.during) } : {}) } as Stimulus;
    }
    case 'mbind':
    case 'set_mempolicy': {
      wide(step.maxnode);
      absolute(step.mode);
      const during = step.op === 'mbind' && step.during ? { during: renameDuring(step.during) } : {};
      return { ...step, mask: renameMask(step.mask), ...during } as Stimulus;
    }
    case 'get_mempolicy':
      wide(step.maxnode);
      return step;
    case 'move_pages':
      if (Array.isArray(step.nodes)) return { ...step, nodes: step.nodes.map(rename) };
      return typeof step.nodes === 'number' ? { ...step, nodes: rename(step.nodes) } : step;
    case 'hog':
    case 'node_offline':
    case 'node_online':
    case 'weight':
      return { ...step, node: rename(step.node) };
    case 'home_node':
      return typeof step.node === 'number' ? { ...step, node: rename(step.node) } : step;
    case 'cg_set':
      return step.file === 'mems' ? { ...step, value: renameList(`${step.value}`) } : step;
    case 'parallel':
      return { ...step, steps: step.steps.map(renameStep) };
    default:
      return step;
  }
}

type During = { readonly pass: number; readonly steps: readonly Stimulus[] };

const renameDuring = (during: readonly During[]) =>
  during.map(({ pass, steps }) => ({ pass, steps: steps.map(renameStep) }));

function renameList(list: string): string {
  if (list === '') return list;
  return list
    .split(',')
    .map((id) => `${rename(Number(id))}`)
    .join(',');
}
