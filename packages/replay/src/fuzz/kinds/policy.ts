/** The NUMA calls. */
import type { Stimulus, StimulusByOp } from '@pagetape/events';
import { address, length, maxnode, mask, mbindFlags, mode, moveFlags, pid } from '../borders.ts';
import { once, pick } from '../draw.ts';
import type { World } from '../world.ts';
import type { Kind } from './kind.ts';

export function migrate(w: World): StimulusByOp<'migrate_pages'> {
  const all = !once(w.draw, 3);
  const old = all && !once(w.draw, 10) ? w.allNodes() : mask(w);
  return { op: 'migrate_pages', t: w.task().name, pid: pid(w), maxnode: maxnode(w.draw), old, new: mask(w) };
}

export function mbind(w: World): StimulusByOp<'mbind'> {
  const { draw } = w;
  const { t, addr, pages } = w.place();
  return {
    op: 'mbind',
    t,
    addr: address(draw, addr),
    ...length(draw, pages),
    mode: mode(w),
    mask: mask(w),
    maxnode: maxnode(draw),
    flags: mbindFlags(draw),
  };
}

function set_mempolicy(w: World): Stimulus {
  return { op: 'set_mempolicy', t: w.task().name, mode: mode(w), mask: mask(w), maxnode: maxnode(w.draw) };
}

function get_mempolicy(w: World): Stimulus {
  const { draw } = w;
  const { t, addr } = w.place();
  const flags = once(draw, 10) ? pick(draw, [4, 5, 6, 8]) : draw.below(4);
  const where = (flags & 2) === 0 && !once(draw, 8) ? null : address(draw, addr);
  return {
    op: 'get_mempolicy',
    t,
    pmask: pick(draw, [1, 2, null]),
    maxnode: once(draw, 8) ? maxnode(draw) : 64,
    addr: where,
    flags,
  };
}

/** Pages to one node or to several, some of them twice, or nowhere. */
function move_pages(w: World): Stimulus {
  const { draw } = w;
  const { t, addr, pages } = w.place();
  const [name, page] = addr;
  const call = { op: 'move_pages' as const, t, pid: once(draw, 3) ? pid(w) : 'self', flags: moveFlags(draw) };
  const some = once(draw, 12) ? { ...call, status_edge: pages >> 1 } : call;
  const node = (): number => (once(draw, 12) ? pick(draw, [63, -1, 1024]) : w.node());
  if (name !== '@' && draw.below(2) === 0) {
    return { ...some, range: [name, page, pages], nodes: once(draw, 6) ? pick(draw, [null, 'bad'] as const) : node() };
  }
  const count = Math.min(pages, 12);
  const stride = once(draw, 4) ? 0 : 1;
  const numbers = Array.from({ length: count }, (_, n) => n);
  return { ...some, addrs: numbers.map((n) => [name, page + n * stride]), nodes: numbers.map(node) };
}

function home_node(w: World): Stimulus {
  const node = once(w.draw, 8) ? pick(w.draw, [63, 1024, -1]) : w.node();
  return { op: 'home_node', ...w.place(), node, flags: once(w.draw, 10) ? 1 : 0 };
}

export const policyKinds: readonly Kind[] = [
  { name: 'migrate_pages', weight: 8, make: migrate },
  { name: 'mbind', weight: 5, make: mbind },
  { name: 'move_pages', weight: 5, make: move_pages },
  { name: 'set_mempolicy', weight: 3, make: set_mempolicy },
  { name: 'get_mempolicy', weight: 2, make: get_mempolicy },
  { name: 'home_node', weight: 1, modern: true, make: home_node },
  {
    name: 'weight',
    weight: 1,
    modern: true,
    make: (w) => ({ op: 'weight', node: w.node(), value: `${w.draw.below(5)}` }),
  },
];
