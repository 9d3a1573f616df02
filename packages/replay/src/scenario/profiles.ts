/**
 * Names of the profiles that a scenario may ask for. Some of the linux-* ones cannot be run yet: a run says so, and lists
 * those that can.
 */
export const PROFILE_NAMES = [
  'swap-v5-posted',
  'swap-v5-seed',
  'swap-v5-rc1',
  'linux-2.6.16',
  'linux-2.6.18',
  'linux-2.6.18-nomigration',
  'linux-6.1',
  'linux-6.12',
] as const;
