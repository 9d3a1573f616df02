/** The profiles: each is a row. */
import { linux_2_6_16, linux_2_6_16_semicolon } from './linux_2_6_16.ts';
import {
  linux_2_6_18,
  linux_2_6_18_all_vmas,
  linux_2_6_18_hot_remove,
  linux_2_6_18_without_migration,
} from './linux_2_6_18.ts';
import { linux_6_1, linux_6_12 } from './linux_6.ts';
import { posted, rc1, seed } from './swap_v5.ts';
import type { Traits } from './traits.ts';

export const DEFAULT_PROFILE = 'swap-v5-seed';

const ROWS: readonly Traits[] = [
  seed,
  posted,
  rc1,
  linux_2_6_16,
  linux_2_6_16_semicolon,
  linux_2_6_18,
  linux_2_6_18_all_vmas,
  linux_2_6_18_hot_remove,
  linux_2_6_18_without_migration,
  linux_6_1,
  linux_6_12,
];

export const PROFILES: Readonly<Record<string, Traits>> = Object.freeze(
  Object.fromEntries(ROWS.map((row) => [row.id, row])),
);
