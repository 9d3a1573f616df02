/**
 * Shell scripts with numactl(8) and migratepages(8), and files under /sys and /proc. What the tools take, see the manual pages.
 *
 * - A process that waits for orders keeps the memory of a task. It is a few lines of Python, as no tool does that.
 * - numactl sets cpus and policy of a program that it starts. So a task is started by its first step that needs memory, with
 *   all that the steps before have set; a policy that is set later has no counterpart.
 * - migratepages moves another process, so the caller is whoever runs the script. It answers 0 also where pages stay, so the
 *   script prints the pages by node after it.
 */
import {
  MPOL_MF_STRICT,
  resolveNumber,
  type NodeMask,
  type NumberValue,
  type Stimulus,
  type StimulusByOp,
} from '@pagetape/events';
import type { MachineSpec } from '@pagetape/core';
import { commentText, FileNames } from './names.ts';
import { deedOf, type Deed } from './outside.ts';
import { Places, plainNodes } from './places.ts';
import {
  eachInTurn,
  headOf,
  none,
  partly,
  whole,
  type Exported,
  type ExportedProgram,
  type Said,
  type StepTable,
} from './program.ts';

/** What keeps the memory of a task: it reads one order after the other from a pipe, and answers each. */
const KEEPER = String.raw`import mmap, os, sys
folder, name = sys.argv[1], sys.argv[2]
regions = {}

def pipe(end, mode):
    return open(os.path.join(folder, name + end), mode)

def obey(verb, *words):
    global name
    if verb == "map":
        region, pages, share, prot, file, offset = words
        bits = sum({"r": mmap.PROT_READ, "w": mmap.PROT_WRITE, "x": mmap.PROT_EXEC}.get(c, 0) for c in prot)
        fd = -1 if file == "-" else os.open(file, os.O_RDWR)
        flags = mmap.MAP_SHARED if share == "shared" else mmap.MAP_PRIVATE
        flags |= mmap.MAP_ANONYMOUS if fd < 0 else 0
        regions[region] = mmap.mmap(fd, int(pages) * 4096, flags=flags, prot=bits, offset=int(offset) * 4096)
    elif verb == "unmap":
        regions.pop(words[0]).close()
    elif verb == "touch":
        region, first, pages, stride, mode = words
        for n in range(int(pages)):
            byte = (int(first) + n * int(stride)) * 4096
            if mode == "w":
                regions[region][byte] = 1
            else:
                regions[region][byte]
    elif verb == "advise":
        region, first, pages, advice = words
        regions[region].madvise(int(advice), int(first) * 4096, int(pages) * 4096)
    elif verb == "fork":
        if os.fork() == 0:
            name = words[0]
            pipe(".pid", "w").write(str(os.getpid()))
            return False
    return True

while True:
    order = pipe(".in", "r").readline().split()
    if order == ["exit"]:
        pipe(".out", "w").write("gone\n")
        os._exit(0)
    try:
        answer = "ok" if obey(*order) else None
    except Exception as error:
        answer = str(error)
    if answer is not None:
        pipe(".out", "w").write(answer + "\n")
`;

const HEAD = `set -u
for tool in numactl migratepages python3; do
  command -v "$tool" >/dev/null || { echo "this script needs $tool" >&2; exit 2; }
done
[ "$(getconf PAGESIZE)" = 4096 ] || { echo "this script is about pages of 4096 bytes" >&2; exit 2; }
dir=$(mktemp -d) && shm=$(mktemp -d /dev/shm/pagetape-XXXXXX) || exit 2
pid() { cat "$dir/$1.pid"; }
finish() { for file in "$dir"/*.pid; do kill -KILL "$(cat "$file")" 2>/dev/null; done; rm -rf "$dir" "$shm"; }
trap finish EXIT
trap 'exit 1' INT TERM

cat > "$dir/keeper.py" <<'PYTHON'
${KEEPER}PYTHON

# start TASK [COMMAND…]: the process of a task begins, under the command
start() {
  task=$1; shift
  mkfifo "$dir/$task.in" "$dir/$task.out"
  "$@" python3 "$dir/keeper.py" "$dir" "$task" &
  echo $! > "$dir/$task.pid"
}

# tell TASK ORDER…: the process of the task does something
tell() {
  task=$1; shift
  kill -0 "$(pid "$task")" 2>/dev/null || { echo "$task: it is gone"; return; }
  printf '%s\\n' "$*" > "$dir/$task.in"
  echo "$task: $*: $(cat "$dir/$task.out")"
}

# fork_as TASK CHILD: the process of the task makes a child
fork_as() {
  mkfifo "$dir/$2.in" "$dir/$2.out"
  tell "$1" fork "$2"
  until [ -s "$dir/$2.pid" ]; do sleep 0.1; done
}

# where TASK: its pages by node, those of the process that keeps them included
where() {
  awk -v task="$1" '
    { for (i = 3; i <= NF; i++) if ($i ~ /^N[0-9]+=/) { split(substr($i, 2), part, "="); pages[part[1]] += part[2] } }
    END { line = task ": pages by node:"; for (n = 0; n < 1024; n++) if (n in pages) line = line " N" n "=" pages[n]; print line }
  ' "/proc/$(pid "$1")/numa_maps"
}

# move TASK FROM TO: migratepages, and where the pages are then
move() {
  migratepages "$(pid "$1")" "$2" "$3"
  echo "migratepages of $1 from $2 to $3: exit status $?"
  where "$1"
}`;

/** A word of the shell. */
const quote = (text: string): string =>
  /^[A-Za-z0-9_./:,=+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

interface Task {
  /** What numactl is told when the process starts. */
  cpu: number | undefined;
  policy: string | undefined;
  started: boolean;
  uid: number;
}

class Writer {
  readonly places = new Places();
  readonly files = new FileNames();
  /** Where files lie, and whether that is tmpfs. */
  readonly fileSystems = new Map<string, string>();
  readonly tasks = new Map<string, Task>();
  /** The file of a region, by task and region: its name and first page. */
  readonly mapped = new Map<string, { readonly file: string; readonly off: number }>();
  readonly machine: MachineSpec;

  constructor(machine: MachineSpec) {
    this.machine = machine;
  }

  /** The lines that start the process of a task, unless it runs. Undefined: it is none that the script can make. */
  running(name: string): readonly string[] | undefined {
    const task = this.tasks.get(name);
    if (!task) return undefined;
    if (task.started) return [];
    task.started = true;
    const options = [
      ...(task.cpu === undefined ? [] : [`--physcpubind=${task.cpu}`]),
      ...(task.policy === undefined ? [] : [task.policy]),
    ];
    return [['start', name, ...(options.length === 0 ? [] : ['numactl', ...options])].join(' ')];
  }

  /** Lines that need the process of a task. */
  with(name: string, ...lines: readonly string[]): Said {
    const before = this.running(name);
    return before ? whole(...before, ...lines) : none(`${name} is no process that this script makes`);
  }

  path(file: string): string {
    const name = this.files.of(file);
    return this.fileSystems.get(file) === 'tmpfs' ? `"$shm"/${name}` : `"$dir"/${name}`;
  }
}

/** numactl's option for a policy; a sentence where it has none. */
function policyOption(mode: NumberValue, mask: NodeMask, maxnode: NumberValue): { option: string } | string {
  const names: Readonly<Record<number, string>> = {
    1: '--preferred',
    2: '--membind',
    3: '--interleave',
    5: '--preferred-many',
    6: '--weighted-interleave',
  };
  const number = Number(resolveNumber(mode));
  const empty = mask === null || (Array.isArray(mask) && mask.length === 0);
  if (number === 0 && empty) return { option: '' };
  if ((number === 4 || number === 1) && empty) return { option: '--localalloc' };
  const name = names[number];
  const nodes = plainNodes(mask, maxnode);
  if (name === undefined) return 'numactl has no such policy, nor modes with flags';
  if (!nodes || nodes.length === 0) return 'numactl takes nodes, and no maxnode that cuts them off';
  if (number === 1 && nodes.length > 1) return 'numactl prefers one node';
  return { option: `${name}=${nodes.join(',')}` };
}

function firstCpu({ nodes }: MachineSpec, node: number | undefined): number | undefined {
  let first = 0;
  for (const { id, cpus } of nodes) {
    if (cpus > 0 && (node === undefined || id === node)) return first;
    first += cpus;
  }
  return undefined;
}

function spawn(step: StimulusByOp<'spawn'>, writer: Writer): Said {
  const { t, node, cpu, uid = 0, caps, mems, compat, dumpable = 1 } = step;
  writer.tasks.set(t, { cpu: cpu ?? firstCpu(writer.machine, node), policy: undefined, started: false, uid });
  const special = uid !== 0 || caps !== undefined || mems !== undefined || compat === true || dumpable === 0;
  const later = `# ${t} starts when it is first needed`;
  return special ? partly('it runs as who runs the script, in the same cpuset', later) : whole(later);
}

function setPolicy({ t, mode, mask, maxnode }: StimulusByOp<'set_mempolicy'>, writer: Writer): Said {
  const task = writer.tasks.get(t);
  const chosen = policyOption(mode, mask, maxnode);
  if (typeof chosen === 'string') return none(chosen);
  if (!task || task.started) return none(`numactl sets the policy of a program that it starts, and ${t} runs`);
  task.policy = chosen.option === '' ? undefined : chosen.option;
  return whole(`# ${t} will start with ${chosen.option === '' ? 'the usual policy' : chosen.option}`);
}

function map(step: StimulusByOp<'mmap'>, writer: Writer): Said {
  const { t, r, pages, kind = 'anon', prot = 'rw', file, off = 0, flags = [], migrate } = step;
  if (migrate) return none('a vm_ops->migrate() belongs to a driver');
  if (prot === '') return none('the process that keeps the memory maps it to use it');
  const share = kind === 'anon' || kind === 'filepriv' ? 'private' : 'shared';
  const from = file === undefined ? '-' : writer.path(file);
  const said = writer.with(t, `tell ${t} map ${r} ${pages} ${share} ${prot} ${from} ${off}`);
  if (said.lacks !== undefined) return said;
  if (kind === 'file' && file !== undefined) writer.mapped.set(`${t} ${r}`, { file, off });
  else writer.mapped.delete(`${t} ${r}`);
  return flags.length === 0 ? said : partly(`it is mapped without ${flags.join(', ')}`, ...said.lines);
}

function unmap({ t, addr, pages }: StimulusByOp<'munmap'>, writer: Writer): Said {
  if (!Array.isArray(addr) || addr[0] === '@' || addr[1] !== 0 || writer.places.region(t, addr[0])?.pages !== pages)
    return none('the process that keeps the memory unmaps whole regions');
  return writer.with(t, `tell ${t} unmap ${addr[0]}`);
}

/** Whether pages are all inside of one region of the task. */
function inside(writer: Writer, task: string, address: unknown, last: number): address is readonly [string, number] {
  if (!Array.isArray(address) || address[0] === '@') return false;
  const region = writer.places.region(task, address[0] as string);
  return region !== undefined && (address[1] as number) + last <= region.pages;
}

function touch({ t, addr, pages, mode = 'w', stride = 1 }: StimulusByOp<'touch'>, writer: Writer): Said {
  if (!inside(writer, t, addr, (pages - 1) * stride + 1))
    return none('the process that keeps the memory touches its regions alone');
  return writer.with(t, `tell ${t} touch ${addr[0]} ${addr[1]} ${pages} ${stride} ${mode}`, `where ${t}`);
}

function advise({ t, addr, pages, advice }: StimulusByOp<'madvise'>, writer: Writer): Said {
  if (!inside(writer, t, addr, pages)) return none('the process that keeps the memory speaks of its regions alone');
  const value = Number(BigInt.asIntN(32, resolveNumber(advice)));
  return writer.with(t, `tell ${t} advise ${addr[0]} ${addr[1]} ${pages} ${value}`);
}

function migrate({ t, pid, maxnode, old, new: to }: StimulusByOp<'migrate_pages'>, writer: Writer): Said {
  const whom = pid === 'self' || pid === 0 ? t : pid;
  if (typeof whom === 'number' || !writer.tasks.has(whom)) return none('it is about no process that this script makes');
  const [from, target] = [plainNodes(old, maxnode), plainNodes(to, maxnode)];
  if (!from?.length || !target?.length) return none('migratepages takes nodes, and no maxnode that cuts them off');
  const said = writer.with(whom, `move ${whom} ${from.join(',')} ${target.join(',')}`);
  const uid = writer.tasks.get(t)?.uid ?? 0;
  if (said.lacks !== undefined || uid === 0) return said;
  return partly(`the caller is who runs the script, not user ${uid}`, ...said.lines);
}

/** The policy of a file of tmpfs belongs to the file, so numactl can set it from outside. */
function bind({ t, addr, pages, mode, mask, maxnode, flags }: StimulusByOp<'mbind'>, writer: Writer): Said {
  const mapping = Array.isArray(addr) ? writer.mapped.get(`${t} ${addr[0]}`) : undefined;
  if (!mapping || writer.fileSystems.get(mapping.file) !== 'tmpfs' || pages === undefined)
    return none('numactl sets the policy of programs that it starts, and of files of tmpfs, but of no other memory');
  const chosen = policyOption(mode, mask, maxnode);
  if (typeof chosen === 'string') return none(chosen);
  const bits = resolveNumber(flags);
  if (chosen.option === '' || (bits !== 0n && bits !== BigInt(MPOL_MF_STRICT)))
    return none('numactl sets policies without moving what is there');
  const first = mapping.off + ((addr as readonly [string, number])[1] ?? 0);
  const strict = bits === 0n ? '' : ' --strict';
  return whole(
    `numactl --offset=${first * 4}k --length=${pages * 4}k${strict} --file=${writer.path(mapping.file)} ${chosen.option}`,
    'echo "numactl: exit status $?"',
  );
}

function makeFile({ name, pages, fs = 'disk', buffers }: StimulusByOp<'file'>, writer: Writer): Said {
  writer.fileSystems.set(name, fs);
  const lines = [`truncate -s ${pages * 4096} ${writer.path(name)}`];
  if ((fs === 'disk' || fs === 'tmpfs') && buffers === undefined) return whole(...lines);
  return partly('it is on whatever file system the folder for temporary files is on', ...lines);
}

const TABLE: StepTable<Writer> = {
  spawn,
  set_mempolicy: setPolicy,
  pin: ({ t, cpu, node }, writer) => {
    const task = writer.tasks.get(t);
    const at = cpu ?? firstCpu(writer.machine, node);
    if (!task || at === undefined) return none('there is no such cpu, or no such process');
    if (task.started) return whole(`taskset -pc ${at} "$(pid ${t})"`);
    task.cpu = at;
    return whole(`# ${t} will start on cpu ${at}`);
  },
  fork: ({ t, as }, writer) => {
    const said = writer.with(t, `fork_as ${t} ${as}`);
    if (said.lacks === undefined) writer.tasks.set(as, { ...(writer.tasks.get(t) as Task) });
    return said;
  },
  exit: ({ t }, writer) => writer.with(t, `tell ${t} exit`),
  kill: ({ t, sig = 'SIGKILL' }, writer) => writer.with(t, `kill -${sig.slice(3)} "$(pid ${t})"`),
  mmap: map,
  munmap: unmap,
  touch,
  madvise: advise,
  migrate_pages: migrate,
  mbind: bind,
  file: makeFile,
  pwrite: ({ file, off, pages }, writer) =>
    partly(
      'dd writes the pages, not the task',
      `dd if=/dev/zero of=${writer.path(file)} bs=4096 seek=${off} count=${pages} conv=notrunc status=none`,
    ),
  punch: ({ file, off, pages }, writer) =>
    whole(`fallocate --punch-hole --offset ${off * 4096} --length ${pages * 4096} ${writer.path(file)}`),
  truncate: ({ name, pages }, writer) => whole(`truncate -s ${pages * 4096} ${writer.path(name)}`),
  numa_maps: ({ t }, writer) => writer.with(t, `cat "/proc/$(pid ${t})/numa_maps"`),
  mems_allowed: ({ t }, writer) => writer.with(t, `grep Mems_allowed_list "/proc/$(pid ${t})/status"`),
  nodes: () => whole('numactl --hardware'),
  vmstat: () => whole("grep -E '^(numa_|pgmigrate_)' /proc/vmstat"),
};

function deedLines(deed: Deed, writer: Writer): Said {
  if (deed.kind === 'folder') return whole(`mkdir ${deed.file}`);
  if (deed.kind === 'read') return whole(`cat ${deed.file}`);
  if (deed.kind === 'write') return whole(`printf '%s\\n' ${quote(deed.value)} > ${deed.file}`);
  return writer.with(deed.task, `pid ${deed.task} > ${deed.file}`);
}

const OUTSIDE = [
  'cg_new',
  'cg_set',
  'cg_get',
  'cg_attach',
  'cpu_offline',
  'cpu_online',
  'weight',
  'weight_get',
] as const;

const outside = (step: Stimulus, writer: Writer): Said => {
  const deed = deedOf(step, writer.machine);
  return deed === undefined || typeof deed === 'string'
    ? none(deed ?? 'it is done by nobody')
    : deedLines(deed, writer);
};
const FULL_TABLE: StepTable<Writer> = { ...TABLE, ...Object.fromEntries(OUTSIDE.map((op) => [op, outside])) };

export function exportShell(program: ExportedProgram): Exported {
  const writer = new Writer(program.machine);
  const tally = { steps: 0, partly: 0, missing: 0 };
  const lines: string[] = [];
  eachInTurn(program.steps, { table: FULL_TABLE, writer, tally }, (step, comment, commands) => {
    lines.push('', ...comment.map((line) => `# ${commentText(line)}`), ...commands);
    writer.places.learn(step);
  });
  const about = headOf(program).map((line) => `# ${commentText(line)}`);
  return { text: `${['#!/bin/sh', ...about, HEAD, ...lines].join('\n')}\n`, tally };
}
