// The public names of @pagetape/replay.
export {};
