// The public names of @pagetape/core.
export { NotSimulated, ScenarioFault } from './errors.ts';
export { pending_requests } from './mm/page_io.ts';
export { Chance, PRNG_NAME, STREAMS, type ChanceState, type Stream } from './prng.ts';
export { DEFAULT_PROFILE, PROFILES } from './profiles/index.ts';
export { type Traits } from './profiles/traits.ts';
export { openMachine, replayBlock, type Machine } from './reduce/index.ts';
export { Simulation, type Checkpoint, type SimulationOptions } from './simulation.ts';
export { type ColdState, type File, type Holder, type Mm, type Pin, type Region } from './state/cold.ts';
export { hashState } from './state/hash.ts';
export * as layout from './state/layout.ts';
export * as read from './state/read.ts';
export { HOT_ARRAYS, type HotArray } from './state/state.ts';
export { node_distance, type MachineSpec, type NodeSpec, type Topology, type Zone } from './state/topology.ts';
export { type ReadonlyInts, type StateView } from './state/view.ts';
export { ARENA_VPN } from './stimulus/resolve.ts';
export { fromKernel, type Result } from './stimulus/result.ts';
