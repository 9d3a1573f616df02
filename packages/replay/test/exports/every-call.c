// what every format must be able to say, or must refuse with a reason
// Simulated on 2 nodes: node 0: 512 pages, 2 cpus; node 1: 512 pages, 1 cpus.
// Build it with: cc -O2 -Wall -Wextra -pthread -o steps THIS-FILE.c
// The memory of the program itself is moved, and counted, like that of the scenario.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define PAGE 4096L
#define BITS (8 * (int)sizeof(long))
#define ARENA(page) ((char *)0x40000000L + (page) * PAGE)
#define UNTOLD 0x7fffffff
#define TASKS 3
// task 0: A
// task 1: B
// task 2: T
#ifndef SYS_set_mempolicy_home_node
#define SYS_set_mempolicy_home_node 450
#endif
static const char whole_page[PAGE];

/* Prints the result of a call, and the error if it failed. */
static void say(const char *what, long result)
{
    int error = errno;

    if (result == -1)
        dprintf(1, "%s = -1, errno %d (%s)\n", what, error, strerror(error));
    else
        dprintf(1, "%s = %ld\n", what, result);
}

#define CALL(what, call) do { errno = 0; say(what, (long)(call)); } while (0)

/* Prints an answer of move_pages: the node of each page, or minus the error. */
static void print_nodes(const int *status, long count)
{
    long i, same;

    dprintf(1, "    nodes:");
    for (i = 0; i < count; i += same) {
        for (same = 1; i + same < count && status[i + same] == status[i]; same++)
            ;
        if (status[i] == UNTOLD)
            dprintf(1, " not told");
        else
            dprintf(1, " %d", status[i]);
        if (same > 1)
            dprintf(1, " (%ld pages)", same);
    }
    dprintf(1, "\n");
}

/* Asks move_pages(2) where pages of this process are, without moving them. */
static void where(char *first, long count, long stride)
{
    void **pages = malloc(count * sizeof(*pages));
    int *status = malloc(count * sizeof(*status));
    long i;

    if (!pages || !status)
        exit(2);
    for (i = 0; i < count; i++) {
        pages[i] = first + i * stride * PAGE;
        status[i] = UNTOLD;
    }
    if (syscall(SYS_move_pages, 0, count, pages, NULL, status, 0) == -1)
        say("    move_pages, as a question", -1);
    else
        print_nodes(status, count);
    free(pages);
    free(status);
}

static __thread sigjmp_buf before_access;

static void on_fault(int signal_number)
{
    siglongjmp(before_access, signal_number);
}

/* One access to each of the pages; then where they are. A signal ends it. */
static void touch(const char *what, char *first, long count, long stride, int writes)
{
    volatile long done = 0;
    int fatal;

    signal(SIGSEGV, on_fault);
    signal(SIGBUS, on_fault);
    fatal = sigsetjmp(before_access, 1);
    while (fatal == 0 && done < count) {
        volatile char *byte = first + done * stride * PAGE;

        if (writes)
            *byte = 1;
        else
            (void)*byte;
        done++;
    }
    dprintf(1, "%s: %ld pages", what, done);
    if (fatal != 0)
        dprintf(1, ", then signal %d", fatal);
    dprintf(1, "\n");
    where(first, count, stride);
}

/* A copy behind which nothing is mapped. */
static void *before_a_gap(const void *bytes, size_t size)
{
    size_t room = (size + PAGE - 1) / PAGE * PAGE;
    char *memory = mmap(NULL, room + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED || mprotect(memory + room, PAGE, PROT_NONE) != 0)
        exit(2);
    memcpy(memory + room - size, bytes, size);
    return memory + room - size;
}

/* Writes to a file of the kernel. */
static void put(const char *file, const char *value)
{
    int fd = open(file, O_WRONLY);

    dprintf(1, "%s <- ", file);
    say(value, fd == -1 ? -1 : write(fd, value, strlen(value)));
    if (fd != -1)
        close(fd);
}

/* Prints the lines of a file that begin with one of the words; all lines where there are no words. */
static void print_file(const char *name, const char *const *words)
{
    FILE *file = fopen(name, "r");
    char line[1024];
    int i;

    dprintf(1, "%s:\n", name);
    if (!file)
        say("    open", -1);
    while (file && fgets(line, sizeof(line), file)) {
        for (i = 0; words && words[i] && strncmp(line, words[i], strlen(words[i])) != 0; i++)
            ;
        if (!words || words[i])
            dprintf(1, "    %s%s", line, strchr(line, '\n') ? "" : "\n");
    }
    if (file)
        fclose(file);
}

static int open_file(const char *name)
{
    int fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);

    if (fd == -1)
        say(name, -1);
    return fd;
}

/* sched_setaffinity(2): the calling thread runs on this cpu. */
static void run_on_cpu(int cpu)
{
    static unsigned long mask[128];

    memset(mask, 0, sizeof(mask));
    mask[cpu / BITS] = 1UL << (cpu % BITS);
    dprintf(1, "cpu %d: ", cpu);
    say("sched_setaffinity", syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask) < 0 ? -1 : 0);
}

/* Process ids of the tasks, in memory that all of them share; pipes for orders and answers. */
static volatile pid_t *pids;
static int orders[TASKS][2], answers[TASKS][2];

/* A task waits for orders, each a function of this program, and answers when it is done. */
static void *serve(void *task)
{
    long self = (long)task;
    void (*step)(void);

    pids[self] = syscall(SYS_gettid);
    if (write(answers[self][1], "", 1) != 1)
        _exit(2);
    while (read(orders[self][0], &step, sizeof(step)) == sizeof(step)) {
        step();
        if (write(answers[self][1], "", 1) != 1)
            break;
    }
    _exit(2);
}

/* Waits until a task has answered. */
static void await(int task)
{
    struct pollfd answer = {answers[task][0], POLLIN, 0};
    char byte;

    if (poll(&answer, 1, 60000) != 1 || read(answers[task][0], &byte, 1) != 1) {
        dprintf(1, "a task does not answer; it was killed, or waits for ever\n");
        exit(1);
    }
}

static void tell(int task, void (*step)(void))
{
    if (write(orders[task][1], &step, sizeof(step)) != sizeof(step))
        exit(2);
}

static void run(int task, void (*step)(void))
{
    tell(task, step);
    await(task);
}

/* The calling process makes a child, which is that task. */
static void fork_task(long task)
{
    pid_t pid = fork();

    if (pid == 0)
        serve((void *)task);
    if (pid == -1)
        say("fork", -1);
    else
        await(task);
}

/* The calling process gets another thread, which is that task. */
static void thread_task(long task)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, serve, (void *)task) != 0)
        say("pthread_create", -1);
    else
        await(task);
}

/* exit(2) of the calling thread alone. Whoever waits for its answer gets it first. */
static void leave(int task)
{
    if (write(answers[task][1], "", 1) == 1)
        syscall(SYS_exit, 0);
}

static void prepare_tasks(void)
{
    int task;

    pids = mmap(NULL, TASKS * sizeof(*pids), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (task = 0; task < TASKS; task++)
        if (pids == MAP_FAILED || pipe(orders[task]) != 0 || pipe(answers[task]) != 0)
            exit(2);
    signal(SIGCHLD, SIG_IGN);
}

static void end_tasks(void)
{
    int task;

    for (task = 0; task < TASKS; task++)
        if (pids[task] > 0 && pids[task] != getpid())
            kill(pids[task], SIGKILL);
}

// file name="table" pages=8
static void step_1(void)
{
    int fd = open_file("pagetape-0-table");

    dprintf(1, "%s\n", "file name=\"table\" pages=8");
    CALL("ftruncate", ftruncate(fd, 8 * PAGE));
    fchmod(fd, 0666);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
}

// file name="shared" pages=4 fs="tmpfs"
static void step_2(void)
{
    int fd = open_file("/dev/shm/pagetape-1-shared");

    dprintf(1, "%s\n", "file name=\"shared\" pages=4 fs=\"tmpfs\"");
    CALL("ftruncate", ftruncate(fd, 4 * PAGE));
    fchmod(fd, 0666);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
}

// spawn t="A" cpu=1
static void step_3(void)
{
    dprintf(1, "%s\n", "spawn t=\"A\" cpu=1");
    run_on_cpu(1);
}

// set_mempolicy t="A" mode="MPOL_INTERLEAVE" mask=[0,1] maxnode=64
static void step_4(void)
{
    static unsigned long nodes[1024] = {0x3UL};

    dprintf(1, "%s\n", "set_mempolicy t=\"A\" mode=\"MPOL_INTERLEAVE\" mask=[0,1] maxnode=64");
    CALL("set_mempolicy", syscall(SYS_set_mempolicy, 3L, nodes, 64L));
}

// mmap t="A" r="heap" at=16 pages=8
static void step_5(void)
{
    dprintf(1, "%s\n", "mmap t=\"A\" r=\"heap\" at=16 pages=8");
    CALL("mmap", mmap(ARENA(16), 8 * PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
}

// mmap t="A" r="t" at=32 pages=4 kind="filepriv" file="table" off=2
static void step_6(void)
{
    int fd = open_file("pagetape-0-table");

    dprintf(1, "%s\n", "mmap t=\"A\" r=\"t\" at=32 pages=4 kind=\"filepriv\" file=\"table\" off=2");
    CALL("mmap", mmap(ARENA(32), 4 * PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE, fd, 2 * PAGE) == MAP_FAILED ? -1 : 0);
    close(fd);
}

// mmap t="A" r="s" at=48 pages=4 kind="file" file="shared" flags=["populate"]
static void step_7(void)
{
    int fd = open_file("/dev/shm/pagetape-1-shared");

    dprintf(1, "%s\n", "mmap t=\"A\" r=\"s\" at=48 pages=4 kind=\"file\" file=\"shared\" flags=[\"populate\"]");
    CALL("mmap", mmap(ARENA(48), 4 * PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_SHARED | MAP_POPULATE, fd, 0) == MAP_FAILED ? -1 : 0);
    close(fd);
}

// touch t="A" addr=["heap",0] pages=4 stride=2
static void step_8(void)
{
    dprintf(1, "%s\n", "touch t=\"A\" addr=[\"heap\",0] pages=4 stride=2");
    touch("written", ARENA(16), 4, 2, 1);
}

// touch t="A" addr=["t",1] pages=2 mode="r"
static void step_9(void)
{
    dprintf(1, "%s\n", "touch t=\"A\" addr=[\"t\",1] pages=2 mode=\"r\"");
    touch("read", ARENA(33), 2, 1, 0);
}

// mbind t="A" addr=["s",1] pages=2 mode="MPOL_BIND" mask=[1] maxnode=64 flags=0
static void step_10(void)
{
    static unsigned long nodes[1024] = {0x2UL};

    dprintf(1, "%s\n", "mbind t=\"A\" addr=[\"s\",1] pages=2 mode=\"MPOL_BIND\" mask=[1] maxnode=64 flags=0");
    CALL("mbind", syscall(SYS_mbind, ARENA(49), 2 * PAGE, 2L, nodes, 64L, 0L));
}

// mbind t="A" addr=["heap",0] pages=8 mode="MPOL_PREFERRED" mask=[1] maxnode=64 flags="MPOL_MF_MOVE"
static void step_11(void)
{
    static unsigned long nodes[1024] = {0x2UL};

    dprintf(1, "%s\n", "mbind t=\"A\" addr=[\"heap\",0] pages=8 mode=\"MPOL_PREFERRED\" mask=[1] maxnode=64 flags=\"MPOL_MF_MOVE\"");
    CALL("mbind", syscall(SYS_mbind, ARENA(16), 8 * PAGE, 1L, nodes, 64L, 2L));
}

// mbind t="A" addr=["heap",0] len=4097 mode="MPOL_BIND" mask={"words":["0x2"],"edge":true} maxnode=65 flags=0
static void step_12(void)
{
    unsigned long nodes_words[] = {0x2UL};
    char *nodes = before_a_gap(nodes_words, sizeof(nodes_words));

    dprintf(1, "%s\n", "mbind t=\"A\" addr=[\"heap\",0] len=4097 mode=\"MPOL_BIND\" mask={\"words\":[\"0x2\"],\"edge\":true} maxnode=65 flags=0");
    CALL("mbind", syscall(SYS_mbind, ARENA(16), 4097L, 2L, nodes, 65L, 0L));
}

// get_mempolicy t="A" pmode=null pmask=1 maxnode=64 addr=null flags=0
static void step_13(void)
{
    static unsigned long nodes[4096];

    dprintf(1, "%s\n", "get_mempolicy t=\"A\" pmode=null pmask=1 maxnode=64 addr=null flags=0");
    CALL("get_mempolicy", syscall(SYS_get_mempolicy, NULL, nodes, 64L, NULL, 0L));
    dprintf(1, "    nodes, word 0: 0x%lx\n", nodes[0]);
}

// get_mempolicy t="A" pmask=null maxnode=0 addr=["heap",2] flags="MPOL_F_NODE|MPOL_F_ADDR"
static void step_14(void)
{
    int mode = -1;

    dprintf(1, "%s\n", "get_mempolicy t=\"A\" pmask=null maxnode=0 addr=[\"heap\",2] flags=\"MPOL_F_NODE|MPOL_F_ADDR\"");
    CALL("get_mempolicy", syscall(SYS_get_mempolicy, &mode, NULL, 0L, ARENA(18), 3L));
    dprintf(1, "    mode or node: %d\n", mode);
}

// move_pages t="A" pid="self" range=["heap",0,3] nodes=1 flags="MPOL_MF_MOVE"
static void step_15(void)
{
    static void *pages[515] = {ARENA(16), ARENA(17), ARENA(18)};
    static int nodes[515] = {1, 1, 1};
    static int room_for_status[515];
    int *status = room_for_status;

    dprintf(1, "%s\n", "move_pages t=\"A\" pid=\"self\" range=[\"heap\",0,3] nodes=1 flags=\"MPOL_MF_MOVE\"");
    for (long i = 0; i < 515; i++)
        status[i] = UNTOLD;
    CALL("move_pages", syscall(SYS_move_pages, 0, 3, pages, nodes, status, 2L));
    print_nodes(status, 3);
}

// move_pages t="A" pid="self" addrs=[["heap",0],"bad"] nodes=null flags=0 status_edge=1
static void step_16(void)
{
    static void *pages[514] = {ARENA(16), (char *)0x10};
    static int room_for_status[514];
    int *status = room_for_status;

    dprintf(1, "%s\n", "move_pages t=\"A\" pid=\"self\" addrs=[[\"heap\",0],\"bad\"] nodes=null flags=0 status_edge=1");
    for (long i = 0; i < 514; i++)
        status[i] = UNTOLD;
    status = before_a_gap(status, 1 * sizeof(*status));
    CALL("move_pages", syscall(SYS_move_pages, 0, 2, pages, NULL, status, 0L));
    print_nodes(status, 1);
}

// home_node t="A" addr=["heap",0] pages=8 node=1 flags=0
static void step_17(void)
{
    dprintf(1, "%s\n", "home_node t=\"A\" addr=[\"heap\",0] pages=8 node=1 flags=0");
    CALL("set_mempolicy_home_node", syscall(SYS_set_mempolicy_home_node, ARENA(16), 8 * PAGE, 1L, 0L));
}

// mlock t="A" addr=["heap",0] pages=2
static void step_18(void)
{
    dprintf(1, "%s\n", "mlock t=\"A\" addr=[\"heap\",0] pages=2");
    CALL("mlock", syscall(SYS_mlock, ARENA(16), 2 * PAGE));
}

// munlock t="A" addr=["heap",0] pages=2
static void step_19(void)
{
    dprintf(1, "%s\n", "munlock t=\"A\" addr=[\"heap\",0] pages=2");
    CALL("munlock", syscall(SYS_munlock, ARENA(16), 2 * PAGE));
}

// madvise t="A" addr=["heap",0] pages=2 advice="MADV_DONTNEED"
static void step_20(void)
{
    dprintf(1, "%s\n", "madvise t=\"A\" addr=[\"heap\",0] pages=2 advice=\"MADV_DONTNEED\"");
    CALL("madvise", syscall(SYS_madvise, ARENA(16), 2 * PAGE, 4L));
}

// mremap t="A" r="heap" at=64 pages=4
static void step_21(void)
{
    dprintf(1, "%s\n", "mremap t=\"A\" r=\"heap\" at=64 pages=4");
    CALL("mremap", mremap(ARENA(16), 8 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, ARENA(64)) == MAP_FAILED ? -1 : 0);
}

// touch t="A" addr=["heap",3] pages=1
static void step_22(void)
{
    dprintf(1, "%s\n", "touch t=\"A\" addr=[\"heap\",3] pages=1");
    touch("written", ARENA(67), 1, 1, 1);
}

// pwrite t="A" file="table" off=0 pages=2
static void step_23(void)
{
    int fd = open_file("pagetape-0-table");

    dprintf(1, "%s\n", "pwrite t=\"A\" file=\"table\" off=0 pages=2");
    for (long i = 0; i < 2; i++)
        CALL("pwrite", pwrite(fd, whole_page, PAGE, (0 + i) * PAGE));
    close(fd);
}

// fork t="A" as="B"
static void step_24(void)
{
    dprintf(1, "%s\n", "fork t=\"A\" as=\"B\"");
    fork_task(1);
}

// thread t="A" as="T"
static void step_25(void)
{
    dprintf(1, "%s\n", "thread t=\"A\" as=\"T\"");
    thread_task(2);
}

// touch t="B" addr=["heap",0] pages=2
static void step_26(void)
{
    dprintf(1, "%s\n", "touch t=\"B\" addr=[\"heap\",0] pages=2");
    touch("written", ARENA(64), 2, 1, 1);
}

// migrate_pages t="T" pid="A" maxnode=64 old=[0] new=[1]
static void step_27(void)
{
    static unsigned long old_nodes[1024] = {0x1UL};
    static unsigned long new_nodes[1024] = {0x2UL};

    dprintf(1, "%s\n", "migrate_pages t=\"T\" pid=\"A\" maxnode=64 old=[0] new=[1]");
    CALL("migrate_pages", syscall(SYS_migrate_pages, pids[0], 64L, old_nodes, new_nodes));
}

// migrate_pages t="A" pid="none" maxnode=0 old=null new="bad"
static void step_28(void)
{
    dprintf(1, "%s\n", "migrate_pages t=\"A\" pid=\"none\" maxnode=0 old=null new=\"bad\"");
    CALL("migrate_pages", syscall(SYS_migrate_pages, 0x3fffff, 0L, NULL, (void *)0x10));
}

// syscall t="A" nr=238 args=[2,{"mask":[1]},65]
static void step_29(void)
{
    static unsigned long mask_1[1024] = {0x2UL};

    dprintf(1, "%s\n", "syscall t=\"A\" nr=238 args=[2,{\"mask\":[1]},65]");
    CALL("syscall 238", syscall(238, 2L, mask_1, 65L));
}

// cg_new cg="x"
static void step_30(void)
{
    dprintf(1, "%s\n", "cg_new cg=\"x\"");
    CALL("mkdir", mkdir("/sys/fs/cgroup/x", 0755));
}

// cg_set cg="x" file="cpuset.mems" value=1
static void step_31(void)
{
    dprintf(1, "%s\n", "cg_set cg=\"x\" file=\"cpuset.mems\" value=1");
    put("/sys/fs/cgroup/x/cpuset.mems", "1");
}

// cg_attach cg="x" t="A"
static void step_32(void)
{
    char text[32];

    dprintf(1, "%s\n", "cg_attach cg=\"x\" t=\"A\"");
    snprintf(text, sizeof(text), "%d", (int)pids[0]);
    put("/sys/fs/cgroup/x/cgroup.procs", text);
}

// numa_maps t="A"
static void step_33(void)
{
    char name[64];

    dprintf(1, "%s\n", "numa_maps t=\"A\"");
    snprintf(name, sizeof(name), "/proc/%d/numa_maps", (int)pids[0]);
    print_file(name, NULL);
}

// lock t="A" addr=["heap",0] until="wait"
// no counterpart: no program can hold the lock of a page

// kill t="B"
static void step_35(void)
{
    dprintf(1, "%s\n", "kill t=\"B\"");
    CALL("kill", kill(pids[1], SIGKILL));
}

// exit t="T"
static void step_36(void)
{
    dprintf(1, "%s\n", "exit t=\"T\"");
    leave(2);
}

int main(void)
{
    if (sysconf(_SC_PAGESIZE) != PAGE) {
        dprintf(2, "this program is about pages of 4096 bytes\n");
        return 2;
    }
    prepare_tasks();
    step_1();
    step_2();
    fork_task(0);
    run(0, step_3);
    run(0, step_4);
    run(0, step_5);
    run(0, step_6);
    run(0, step_7);
    run(0, step_8);
    run(0, step_9);
    run(0, step_10);
    run(0, step_11);
    run(0, step_12);
    run(0, step_13);
    run(0, step_14);
    run(0, step_15);
    run(0, step_16);
    run(0, step_17);
    run(0, step_18);
    run(0, step_19);
    run(0, step_20);
    run(0, step_21);
    run(0, step_22);
    run(0, step_23);
    run(0, step_24);
    run(0, step_25);
    tell(1, step_26);
    tell(2, step_27);
    await(1);
    await(2);
    run(0, step_28);
    run(0, step_29);
    step_30();
    step_31();
    step_32();
    step_33();
    step_35();
    run(2, step_36);
    end_tasks();
    unlink("pagetape-0-table");
    unlink("/dev/shm/pagetape-1-shared");
    return 0;
}
