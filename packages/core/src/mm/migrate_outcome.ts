/**
 * What a step of a migration came to, as one integer: DONE, or the refusal that calls for another pass plus one, or that
 * with FINAL when no pass will change it. Words are looked up here once, not for each page.
 */
import { refusal, type Refusal } from '@pagetape/events';

export const DONE = 0;
export const FINAL = 0x100;

const retryFor = (word: Refusal): number => refusal(word) + 1;

export const RETRY_HAS_BUFFERS = retryFor('has-buffers');
export const RETRY_DIRTY_AGAIN = retryFor('dirty-again');
export const RETRY_LOCKED = retryFor('page-locked');
export const RETRY_MLOCKED = retryFor('mlocked');
export const RETRY_NO_MAPPING = retryFor('no-mapping');
export const RETRY_NO_SWAP_SLOT = retryFor('no-swap-slot');
export const RETRY_NO_WRITEPAGE = retryFor('no-writepage');
export const RETRY_REFERENCED = retryFor('referenced-elsewhere');
export const RETRY_STILL_MAPPED = retryFor('still-mapped');
export const RETRY_WRITEBACK = retryFor('under-writeback');
export const RETRY_WRITTEN = retryFor('written-out');
export const RETRY_YOUNG = retryFor('recently-used');

/** The refusal of an outcome that is not DONE, as events have it. */
export const reasonOf = (outcome: number): number => (outcome & ~FINAL) - 1;
