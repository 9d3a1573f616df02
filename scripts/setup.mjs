// Installs what the repository needs, once. Every npm script begins here, so that a fresh clone with nothing but
// Node and npm is enough. It uses no dependency itself: there is none yet.
//
// What was installed is remembered as a hash in node_modules. While manifests and lockfile still have that hash,
// nothing is run. pnpm comes through npx in the one version that package.json names: with another one it would
// fetch the named one by itself.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

const stamp = join(root, 'node_modules/.pagetape-setup');
/** npm leaves this behind. A stray `npm install` has then rearranged what pnpm had laid out. */
const npmTrace = join(root, 'node_modules/.package-lock.json');

/** npm hands its own settings to its children, and pnpm would take them for its own. What says how to reach the registry stays. */
const foreignVariable = /^npm_(?!config_(registry|userconfig|cache|cafile|ca|strict_ssl|(https?_)?proxy|noproxy)$)/i;

function manifests() {
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/package.json`);
  const files = ['package.json', 'pnpm-workspace.yaml', 'pnpm-lock.yaml', 'examples/package.json', ...packages.sort()];
  return files.filter((file) => existsSync(join(root, file)));
}

/** The platform is part of it: the compiler, linter and formatter are binaries. */
function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  for (const file of manifests()) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function isSetUp() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint() && !existsSync(npmTrace);
}

function install() {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const variables = Object.entries(process.env).filter(([name]) => !foreignVariable.test(name));
  // --prefer-offline on both: without it a machine that has everything still waits for the network.
  const command = ['--prefer-offline', '-y', packageManager, 'install', '--frozen-lockfile', '--prefer-offline'];
  // Its words go to standard error: standard output belongs to the command that needed the set-up.
  const { status, error } = spawnSync('npx', command, {
    cwd: root,
    env: { ...Object.fromEntries(variables), CI: 'true' },
    stdio: ['ignore', 2, 2],
  });
  if (error) throw error;
  return status === 0;
}

/** Makes the checkout ready to run. Returns whether it is. */
export function setUp() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`set-up: this is Node ${process.versions.node}; the tools need 20.19 or later.`);
    return false;
  }
  if (isSetUp()) return true;
  console.error('set-up: installing dependencies (only when a manifest or the lockfile has changed) …');
  if (!install()) {
    console.error('set-up: the installation failed, see above. After changing a package.json, run: npm run relock');
    return false;
  }
  rmSync(npmTrace, { force: true });
  writeFileSync(stamp, fingerprint());
  return true;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = setUp() ? 0 : 1;
