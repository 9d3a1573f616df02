#!/bin/sh
# Q1, §5: maxnode is one larger than the number of bits that are read. With maxnode 2 bit 1 of the old mask is
# not read, so nothing is moved from node 1; with maxnode 3 it is.
# Simulated on 2 nodes: node 0: 128 pages, 1 cpus; node 1: 128 pages, 1 cpus.
set -u
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
import mmap, os, sys
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
PYTHON

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
  printf '%s\n' "$*" > "$dir/$task.in"
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
}

# spawn t="A" node=1
# A starts when it is first needed

# mmap t="A" r="r" at=0 pages=1
start A numactl --physcpubind=1
tell A map r 1 private rw - 0

# touch t="A" addr=["r",0] pages=1
tell A touch r 0 1 1 w
where A

# age t="A" addr=["r",0] pages=1
# no counterpart: no program can make the page scanner look at a page now

# migrate_pages t="A" pid="self" maxnode=2 old=[1] new=[0]
# no counterpart: migratepages takes nodes, and no maxnode that cuts them off

# migrate_pages t="A" pid="self" maxnode=3 old=[1] new=[0]
move A 1 0
