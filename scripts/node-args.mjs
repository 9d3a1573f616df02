// The arguments that let Node run this repository's TypeScript unbuilt. Tests, the demo and the CLI all use them.
//
// Node 22.18 and later erase types by themselves; older ones need tsx. Nothing else differs between the two,
// because the compiler options allow only syntax that can be erased.

const [major, minor] = process.versions.node.split('.').map(Number);
const erasesTypes = major > 22 || (major === 22 && minor >= 18);

/** Packages resolve each other to `src` under this condition. Without it they resolve to `dist`, which may not be built. */
const sourceCondition = '--conditions=@pagetape/source';

/** A function, because tsx can be found only after the set-up. By URL, because the child may run in any folder. */
export function nodeArguments() {
  return erasesTypes ? [sourceCondition] : [sourceCondition, `--import=${import.meta.resolve('tsx')}`];
}
