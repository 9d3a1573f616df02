/** What readers and writers of tapes throw when a file is to blame, or the disk: a sentence for the user. */
export class TapeError extends Error {
  override readonly name = 'TapeError';
}
