#!/bin/sh
# what every format must be able to say, or must refuse with a reason
# Simulated on 2 nodes: node 0: 512 pages, 2 cpus; node 1: 512 pages, 1 cpus.
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

# file name="table" pages=8
truncate -s 32768 "$dir"/pagetape-0-table

# file name="shared" pages=4 fs="tmpfs"
truncate -s 16384 "$shm"/pagetape-1-shared

# spawn t="A" cpu=1
# A starts when it is first needed

# set_mempolicy t="A" mode="MPOL_INTERLEAVE" mask=[0,1] maxnode=64
# A will start with --interleave=0,1

# mmap t="A" r="heap" at=16 pages=8
start A numactl --physcpubind=1 --interleave=0,1
tell A map heap 8 private rw - 0

# mmap t="A" r="t" at=32 pages=4 kind="filepriv" file="table" off=2
tell A map t 4 private rw "$dir"/pagetape-0-table 2

# mmap t="A" r="s" at=48 pages=4 kind="file" file="shared" flags=["populate"]
# in part: it is mapped without populate
tell A map s 4 shared rw "$shm"/pagetape-1-shared 0

# touch t="A" addr=["heap",0] pages=4 stride=2
tell A touch heap 0 4 2 w
where A

# touch t="A" addr=["t",1] pages=2 mode="r"
tell A touch t 1 2 1 r
where A

# mbind t="A" addr=["s",1] pages=2 mode="MPOL_BIND" mask=[1] maxnode=64 flags=0
numactl --offset=4k --length=8k --file="$shm"/pagetape-1-shared --membind=1
echo "numactl: exit status $?"

# mbind t="A" addr=["heap",0] pages=8 mode="MPOL_PREFERRED" mask=[1] maxnode=64 flags="MPOL_MF_MOVE"
# no counterpart: numactl sets the policy of programs that it starts, and of files of tmpfs, but of no other memory

# mbind t="A" addr=["heap",0] len=4097 mode="MPOL_BIND" mask={"words":["0x2"],"edge":true} maxnode=65 flags=0
# no counterpart: numactl sets the policy of programs that it starts, and of files of tmpfs, but of no other memory

# get_mempolicy t="A" pmode=null pmask=1 maxnode=64 addr=null flags=0
# no counterpart: there are no words for get_mempolicy here

# get_mempolicy t="A" pmask=null maxnode=0 addr=["heap",2] flags="MPOL_F_NODE|MPOL_F_ADDR"
# no counterpart: there are no words for get_mempolicy here

# move_pages t="A" pid="self" range=["heap",0,3] nodes=1 flags="MPOL_MF_MOVE"
# no counterpart: there are no words for move_pages here

# move_pages t="A" pid="self" addrs=[["heap",0],"bad"] nodes=null flags=0 status_edge=1
# no counterpart: there are no words for move_pages here

# home_node t="A" addr=["heap",0] pages=8 node=1 flags=0
# no counterpart: there are no words for home_node here

# mlock t="A" addr=["heap",0] pages=2
# no counterpart: there are no words for mlock here

# munlock t="A" addr=["heap",0] pages=2
# no counterpart: there are no words for munlock here

# madvise t="A" addr=["heap",0] pages=2 advice="MADV_DONTNEED"
tell A advise heap 0 2 4

# mremap t="A" r="heap" at=64 pages=4
# no counterpart: there are no words for mremap here

# touch t="A" addr=["heap",3] pages=1
tell A touch heap 3 1 1 w
where A

# pwrite t="A" file="table" off=0 pages=2
# in part: dd writes the pages, not the task
dd if=/dev/zero of="$dir"/pagetape-0-table bs=4096 seek=0 count=2 conv=notrunc status=none

# fork t="A" as="B"
fork_as A B

# thread t="A" as="T"
# no counterpart: there are no words for thread here

# touch t="B" addr=["heap",0] pages=2
# in part: it runs at the same time as its neighbours, which is not possible here
tell B touch heap 0 2 1 w
where B

# migrate_pages t="T" pid="A" maxnode=64 old=[0] new=[1]
# in part: it runs at the same time as its neighbours, which is not possible here
move A 0 1

# migrate_pages t="A" pid="none" maxnode=0 old=null new="bad"
# no counterpart: it is about no process that this script makes

# syscall t="A" nr=238 args=[2,{"mask":[1]},65]
# no counterpart: there are no words for syscall here

# cg_new cg="x"
mkdir /sys/fs/cgroup/x

# cg_set cg="x" file="cpuset.mems" value=1
printf '%s\n' 1 > /sys/fs/cgroup/x/cpuset.mems

# cg_attach cg="x" t="A"
pid A > /sys/fs/cgroup/x/cgroup.procs

# numa_maps t="A"
cat "/proc/$(pid A)/numa_maps"

# lock t="A" addr=["heap",0] until="wait"
# no counterpart: no program can hold the lock of a page

# kill t="B"
kill -KILL "$(pid B)"

# exit t="T"
# no counterpart: T is no process that this script makes
