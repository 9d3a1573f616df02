/** The tree of control groups, and of cpusets before there were control groups: by path, "a/b"; "" is the root. */
import type { Kernel } from '../../kernel.ts';

/** The group right above one; that of the root is the root. */
export function parent_of(cg: string): string {
  return cg.slice(0, Math.max(cg.lastIndexOf('/'), 0));
}

/** The groups right below one, the oldest first. */
export function children_of(k: Kernel, cg: string): string[] {
  return Object.keys(k.s.cold.cpusets).filter((path) => path !== '' && parent_of(path) === cg);
}

/** `include/linux/cgroup.h:css_for_each_descendant_pre()`: a group, and all below it, each before those below. */
export function descendants_of(k: Kernel, cg: string): string[] {
  return [cg, ...children_of(k, cg).flatMap((child) => descendants_of(k, child))];
}
