// The public names of @pagetape/core.
export {};
