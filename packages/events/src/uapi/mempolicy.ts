/** Constants of the NUMA policy calls (include/uapi/linux/mempolicy.h; names after 2006 are marked). */
export const MPOL_DEFAULT = 0;
export const MPOL_PREFERRED = 1;
export const MPOL_BIND = 2;
export const MPOL_INTERLEAVE = 3;

export const MPOL_MF_STRICT = 1;
export const MPOL_MF_MOVE = 2;
export const MPOL_MF_MOVE_ALL = 4;

export const MPOL_F_NODE = 1;
export const MPOL_F_ADDR = 2;

/** Names that scenarios may use for numbers. */
export const MEMPOLICY_CONSTANTS: Readonly<Record<string, number>> = {
  MPOL_DEFAULT,
  MPOL_PREFERRED,
  MPOL_BIND,
  MPOL_INTERLEAVE,
  MPOL_MF_STRICT,
  MPOL_MF_MOVE,
  MPOL_MF_MOVE_ALL,
  MPOL_F_NODE,
  MPOL_F_ADDR,
};
