/** Error numbers of the system-call interface (include/uapi/asm-generic/errno-base.h). */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSPC: 28,
  ERANGE: 34,
  ENOSYS: 38,
  EOVERFLOW: 75,
  EOPNOTSUPP: 95,
  EHWPOISON: 133,
} as const;

export type Errno = keyof typeof ERRNO;

export const {
  EPERM,
  ENOENT,
  ESRCH,
  EINTR,
  EIO,
  ENOMEM,
  EACCES,
  EFAULT,
  EBUSY,
  EEXIST,
  ERANGE,
  EINVAL,
  ENOSPC,
  ENOSYS,
  EAGAIN,
  ENODEV,
  E2BIG,
  EOPNOTSUPP,
  EOVERFLOW,
  EHWPOISON,
} = ERRNO;

/** The name of a positive error number, as `strerrorname_np(3)` gives it. */
export function errnoName(errno: number): string {
  const found = Object.entries(ERRNO).find(([, number]) => number === errno);
  return found ? found[0] : `E${errno}`;
}
