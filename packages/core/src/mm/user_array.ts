/** Arrays in the memory of the caller of move_pages(2). */

/** An entry of an array that is read, by its number; null where nothing can be read. A null pointer reads nothing. */
export type UserArray<T> = (n: number) => T | null;

/** The status array. A null pointer, or one that is bad, has room for nothing. */
export class UserStatus {
  /** What is there after the call; null where nothing was written. */
  readonly values: (number | null)[];
  private readonly room: number;

  /** `shown`: entries that belong to the array; `room`: entries that may be written, from the first on. */
  constructor(shown: number, room: number) {
    this.values = Array.from({ length: shown }, () => null);
    this.room = room;
  }

  /** Writes an entry. Returns false where nothing can be written. */
  store(n: number, value: number): boolean {
    if (n >= this.room) return false;
    if (n < this.values.length) this.values[n] = value;
    return true;
  }
}

/** The arguments of a call that are arrays. */
export interface MovePagesArrays {
  /** Addresses in bytes. */
  readonly pages: UserArray<bigint>;
  /** null: the call only asks where the pages are. */
  readonly nodes: UserArray<number> | null;
  readonly status: UserStatus;
}
