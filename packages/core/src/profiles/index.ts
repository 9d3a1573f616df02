/** The profiles: each is a row. Those of the museum stand apart: they are kernels with one bug more or less. */
import { linux_2_6_16, linux_2_6_16_semicolon } from './linux_2_6_16.ts';
import {
  linux_2_6_18,
  linux_2_6_18_all_vmas,
  linux_2_6_18_hot_remove,
  linux_2_6_18_soft_offline,
  linux_2_6_18_without_migration,
} from './linux_2_6_18.ts';
import { linux_6_1, linux_6_12 } from './linux_6.ts';
import { MUSEUM } from './museum.ts';
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
  linux_2_6_18_soft_offline,
  linux_6_1,
  linux_6_12,
];

type Table = Readonly<Record<string, Traits>>;

const byId = (rows: readonly Traits[]): Table => Object.freeze(Object.fromEntries(rows.map((row) => [row.id, row])));

/** The kernels that there were, which lists show and tests go through. */
export const PROFILES: Table = byId(ROWS);

/** All kernels that a tape may name: those, and the museum. */
export const ALL_PROFILES: Table = byId([...ROWS, ...MUSEUM]);
