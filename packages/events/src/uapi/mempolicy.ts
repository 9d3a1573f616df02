/** Constants of the NUMA policy calls (include/uapi/linux/mempolicy.h). */
export const MPOL_DEFAULT = 0;
export const MPOL_PREFERRED = 1;
export const MPOL_BIND = 2;
export const MPOL_INTERLEAVE = 3;
export const MPOL_LOCAL = 4; // since 3.8
export const MPOL_PREFERRED_MANY = 5; // since 5.15
export const MPOL_WEIGHTED_INTERLEAVE = 6; // since 6.9

/** Flags that a mode may be joined with. */
export const MPOL_F_STATIC_NODES = 1 << 15; // since 2.6.26, as the next
export const MPOL_F_RELATIVE_NODES = 1 << 14;
export const MPOL_F_NUMA_BALANCING = 1 << 13; // since 5.12
export const MPOL_MODE_FLAGS: number = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES | MPOL_F_NUMA_BALANCING;

export const MPOL_MF_STRICT = 1;
export const MPOL_MF_MOVE = 2;
export const MPOL_MF_MOVE_ALL = 4;
export const MPOL_MF_LAZY = 8; // since 3.8; no kernel accepts it

export const MPOL_F_NODE = 1;
export const MPOL_F_ADDR = 2;
export const MPOL_F_MEMS_ALLOWED = 4; // since 2.6.24

/** Names that scenarios may use for numbers. */
export const MEMPOLICY_CONSTANTS: Readonly<Record<string, number>> = {
  MPOL_DEFAULT,
  MPOL_PREFERRED,
  MPOL_BIND,
  MPOL_INTERLEAVE,
  MPOL_LOCAL,
  MPOL_PREFERRED_MANY,
  MPOL_WEIGHTED_INTERLEAVE,
  MPOL_F_STATIC_NODES,
  MPOL_F_RELATIVE_NODES,
  MPOL_F_NUMA_BALANCING,
  MPOL_MF_STRICT,
  MPOL_MF_MOVE,
  MPOL_MF_MOVE_ALL,
  MPOL_MF_LAZY,
  MPOL_F_NODE,
  MPOL_F_ADDR,
  MPOL_F_MEMS_ALLOWED,
};
