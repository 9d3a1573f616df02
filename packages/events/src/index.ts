// The public names of @pagetape/events.
export {};
