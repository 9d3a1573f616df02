/** Why nobody notices a mistake, by its words. */
export const REASONS: Readonly<Record<string, string>> = {
  'a dirty page leaves its cache':
    'who calls remove_mapping() has written the page before, and nobody can mark it dirty in between here, so the check never refuses',
};
