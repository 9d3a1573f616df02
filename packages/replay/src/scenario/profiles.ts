/** Names of the profiles that a scenario may ask for. */
export const PROFILE_NAMES = [
  'swap-v5-posted',
  'swap-v5-seed',
  'swap-v5-rc1',
  'linux-2.6.16',
  'linux-2.6.16-semicolon',
  'linux-2.6.18',
  'linux-2.6.18-allvmas',
  'linux-2.6.18-hotremove',
  'linux-2.6.18-nomigration',
  'linux-6.1',
  'linux-6.12',
] as const;
