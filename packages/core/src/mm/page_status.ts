/** Where a page is, as move_pages(2) tells it when it is only asked. A pure function: it changes nothing. */
import { EFAULT, ENOENT, VM_EXEC, VM_HUGETLB, VM_READ, VM_WRITE } from '@pagetape/events';
import { NotSimulated } from '../errors.ts';
import type { Traits } from '../profiles/traits.ts';
import { ZERO_PFN } from '../state/layout.ts';
import { is_zero_pte, page_to_nid, pte_of, pte_pfn, pte_present } from '../state/read.ts';
import type { StateView } from '../state/view.ts';
import { find_vma } from './mmap.ts';

const ACCESS = VM_READ | VM_WRITE | VM_EXEC;

/** `mm/migrate.c:do_pages_stat_array()` for one page: its node, or minus an error number. Pages in swap are absent. */
export function page_status(s: StateView, traits: Traits, mm: number, vpn: number): number {
  if (traits.status_lookup === 'none') throw new NotSimulated('move_pages');
  const by_follow_page = traits.status_lookup === 'follow_page';
  const vma = find_vma({ s }, mm, vpn);
  if (!vma || vma.start > vpn) return -EFAULT;
  const pte = pte_of(s, mm, vpn);
  if (pte === 0) return by_follow_page && vma.file === 0 && (vma.flags & VM_HUGETLB) === 0 ? -EFAULT : -ENOENT;
  const hidden = by_follow_page && (vma.flags & ACCESS) === 0;
  if (hidden) return -ENOENT;
  if (is_zero_pte(pte)) return -EFAULT;
  if (!pte_present(pte)) return -ENOENT;
  return pte_pfn(pte) === ZERO_PFN ? -EFAULT : page_to_nid(s, pte_pfn(pte));
}
