/** What would have let a page move that a rule refused. */
import type { Reason } from '../ledger/ledger.ts';

export const REMEDIES: Readonly<Record<Reason, string>> = {
  'not-on-lru': 'nobody else having it off its list: the same call once the other one is over',
  'being-freed': 'nothing: the page was on its way out',
  'shared-file': 'MPOL_MF_MOVE_ALL, or a caller who is privileged where that takes all pages',
  shared: 'MPOL_MF_MOVE_ALL, or nobody else mapping it',
  'page-locked': 'its lock being free, or its holder letting go before the last pass',
  'under-writeback': 'the write being over before the last pass',
  mlocked: 'munlock(2) by every task that has it locked',
  'recently-used': 'nobody using it between two passes',
  'still-mapped': 'all its mappings going away',
  'no-swap-slot': 'a free slot of swap',
  'referenced-elsewhere': 'the reference being given back: the end of the direct I/O, or an unpin',
  'no-mapping': 'nothing: the page belongs to nobody whom the kernel could ask',
  'dirty-again': 'nobody writing to it between two passes',
  'no-writepage': 'a file system that can write or move its pages',
  'written-out': 'one pass more, after the write',
  'write-refused': 'a file system that takes the page',
  'has-buffers': 'its file system giving up its buffers: a commit of the journal',
  'under-migration': 'the other migration being over',
  'area-not-migratable': 'nothing: the kernel does not move pages of such areas',
  'no-target-page': 'a free frame on the node to go to',
  leaked: 'nothing any more: no list has the page',
  'call-failed': 'the call not failing first',
  'not-finished': 'the call going on',
};
