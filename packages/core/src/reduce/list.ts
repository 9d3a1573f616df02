/**
 * Lists in the cold tree. They are replaced, never changed in place: to search or shift a list through Immer's draft of it
 * takes a call for each item. So where a list is still a draft, it is as it was before.
 */
import { isDraft, original } from 'immer';
import { invariant } from './assert.ts';

/** A list of a draft as it is, to be read alone. */
export function plain<T>(list: T[]): readonly T[] {
  return isDraft(list) ? (original<unknown>(list) as T[]) : list;
}

/** The list with an item more, which is going to be number `at` in it. */
export function inserted(list: number[], at: number, item: number): number[] {
  const items = plain(list);
  return [...items.slice(0, at), item, ...items.slice(at)];
}

/** The list without an item, which must be in it. */
export function without(list: number[], item: number): number[] {
  const items = plain(list);
  const at = items.indexOf(item);
  invariant(at >= 0, 'a list lacks', item);
  return [...items.slice(0, at), ...items.slice(at + 1)];
}
