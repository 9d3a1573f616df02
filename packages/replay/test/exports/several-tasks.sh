#!/bin/sh
# 01-swap-migrate-pages
# a database is moved off its node through swap, and its pages come back where they are used
# Simulated on 4 nodes: node 0: 1024 pages, 2 cpus; node 1: 1024 pages, 1 cpus; node 2: 1024 pages, 1 cpus; node 3: 1024 pages, 1 cpus.
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

# file name="program" pages=8
truncate -s 32768 "$dir"/pagetape-0-program

# spawn t="db" node=0 uid=1000
# in part: it runs as who runs the script, in the same cpuset
# db starts when it is first needed

# mmap t="db" r="heap" at=0 pages=160
start db numactl --physcpubind=0
tell db map heap 160 private rw - 0

# touch t="db" addr=["heap",0] pages=160
tell db touch heap 0 160 1 w
where db

# mmap t="db" r="log" at=256 pages=8
tell db map log 8 private rw - 0

# mlock t="db" addr=["log",0] pages=8
# no counterpart: there are no words for mlock here

# mmap t="db" r="program" at=512 pages=8 kind="filepriv" prot="r" file="program"
tell db map program 8 private r "$dir"/pagetape-0-program 0

# touch t="db" addr=["program",0] pages=8 mode="r"
tell db touch program 0 8 1 r
where db

# mmap t="db" r="table" at=768 pages=2
tell db map table 2 private rw - 0

# touch t="db" addr=["table",0] pages=2 mode="r"
tell db touch table 0 2 1 r
where db

# pinpages t="db" addr=["heap",148] pages=12 mode="w"
# no counterpart: it stands for direct I/O that stays under way

# fork t="db" as="worker"
fork_as db worker

# mprotect t="worker" addr=["heap",0] pages=6 prot="r"
# no counterpart: there are no words for mprotect here

# mlock t="worker" addr=["heap",0] pages=6
# no counterpart: there are no words for mlock here

# pin t="worker" node=1
taskset -pc 2 "$(pid worker)"

# touch t="worker" addr=["heap",16] pages=24
tell worker touch heap 16 24 1 w
where worker

# age t="db" addr=["heap",0] pages=120
# no counterpart: no program can make the page scanner look at a page now

# spawn t="guest" node=3 uid=2000
# in part: it runs as who runs the script, in the same cpuset
# guest starts when it is first needed

# migrate_pages t="guest" pid="db" maxnode=64 old=[0] new=[2]
# in part: the caller is who runs the script, not user 2000
move db 0 2

# spawn t="root" node=3
# root starts when it is first needed

# migrate_pages t="root" pid="db" maxnode=64 old=[0] new=[2]
move db 0 2

# touch t="worker" addr=["heap",60] pages=10 mode="r"
# no counterpart: it happens inside the call above, right before pass 1

# pin t="db" node=2
taskset -pc 3 "$(pid db)"

# touch t="db" addr=["heap",40] pages=80 mode="r"
# in part: it runs at the same time as its neighbours, which is not possible here
tell db touch heap 40 80 1 r
where db

# touch t="worker" addr=["heap",40] pages=80 mode="r"
# in part: it runs at the same time as its neighbours, which is not possible here
tell worker touch heap 40 80 1 r
where worker

# mbind t="worker" addr=["heap",0] pages=64 mode="MPOL_BIND" mask=[3] maxnode=64 flags="MPOL_MF_MOVE|MPOL_MF_STRICT"
# no counterpart: numactl sets the policy of programs that it starts, and of files of tmpfs, but of no other memory

# touch t="worker" addr=["heap",16] pages=48
tell worker touch heap 16 48 1 w
where worker
