// 01-swap-migrate-pages
// a database is moved off its node through swap, and its pages come back where they are used
// Simulated on 4 nodes: node 0: 1024 pages, 2 cpus; node 1: 1024 pages, 1 cpus; node 2: 1024 pages, 1 cpus; node 3: 1024 pages, 1 cpus.
// Build it with: cc -O2 -Wall -Wextra -o steps THIS-FILE.c
// The memory of the program itself is moved, and counted, like that of the scenario.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define PAGE 4096L
#define BITS (8 * (int)sizeof(long))
#define ARENA(page) ((char *)0x40000000L + (page) * PAGE)
#define UNTOLD 0x7fffffff
#define TASKS 4
// task 0: db
// task 1: worker
// task 2: guest
// task 3: root

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

/* The calling thread runs on the first cpu of this node. */
static void run_on_node(int node)
{
    char name[64];
    FILE *file;
    int cpu = -1;

    snprintf(name, sizeof(name), "/sys/devices/system/node/node%d/cpulist", node);
    file = fopen(name, "r");
    if (!file || fscanf(file, "%d", &cpu) != 1)
        dprintf(1, "node %d: this machine has no cpu there; the task runs anywhere\n", node);
    else
        run_on_cpu(cpu);
    if (file)
        fclose(file);
}

/* capset(2): the bits of capabilities that the calling thread has from now on, or gives up. */
static void set_capabilities(unsigned long long bits, int gives_up)
{
    struct { unsigned int version; int pid; } head = {0x20080522, 0};
    struct { unsigned int effective, permitted, inheritable; } data[2];
    int i;

    if (syscall(SYS_capget, &head, data) == -1) {
        say("capget", -1);
        return;
    }
    for (i = 0; i < 2; i++) {
        unsigned int word = bits >> (32 * i);

        data[i].effective = gives_up ? data[i].effective & ~word : word;
        data[i].permitted = gives_up ? data[i].permitted & ~word : word;
        data[i].inheritable = 0;
    }
    CALL("capset", syscall(SYS_capset, &head, data));
}

/* All user ids become this one, and of the capabilities those remain. */
static void become(unsigned int uid, unsigned long long capabilities)
{
    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    CALL("setresuid", syscall(SYS_setresuid, uid, uid, uid));
    set_capabilities(capabilities, 0);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
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

// file name="program" pages=8
static void step_1(void)
{
    int fd = open_file("pagetape-0-program");

    dprintf(1, "%s\n", "file name=\"program\" pages=8");
    CALL("ftruncate", ftruncate(fd, 8 * PAGE));
    fchmod(fd, 0666);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
}

// spawn t="db" node=0 uid=1000
static void step_2(void)
{
    dprintf(1, "%s\n", "spawn t=\"db\" node=0 uid=1000");
    run_on_node(0);
    become(1000, 0x0ULL);
}

// mmap t="db" r="heap" at=0 pages=160
static void step_3(void)
{
    dprintf(1, "%s\n", "mmap t=\"db\" r=\"heap\" at=0 pages=160");
    CALL("mmap", mmap(ARENA(0), 160 * PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
}

// touch t="db" addr=["heap",0] pages=160
static void step_4(void)
{
    dprintf(1, "%s\n", "touch t=\"db\" addr=[\"heap\",0] pages=160");
    touch("written", ARENA(0), 160, 1, 1);
}

// mmap t="db" r="log" at=256 pages=8
static void step_5(void)
{
    dprintf(1, "%s\n", "mmap t=\"db\" r=\"log\" at=256 pages=8");
    CALL("mmap", mmap(ARENA(256), 8 * PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
}

// mlock t="db" addr=["log",0] pages=8
static void step_6(void)
{
    dprintf(1, "%s\n", "mlock t=\"db\" addr=[\"log\",0] pages=8");
    CALL("mlock", syscall(SYS_mlock, ARENA(256), 8 * PAGE));
}

// mmap t="db" r="program" at=512 pages=8 kind="filepriv" prot="r" file="program"
static void step_7(void)
{
    int fd = open_file("pagetape-0-program");

    dprintf(1, "%s\n", "mmap t=\"db\" r=\"program\" at=512 pages=8 kind=\"filepriv\" prot=\"r\" file=\"program\"");
    CALL("mmap", mmap(ARENA(512), 8 * PAGE, PROT_READ, MAP_FIXED | MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0);
    close(fd);
}

// touch t="db" addr=["program",0] pages=8 mode="r"
static void step_8(void)
{
    dprintf(1, "%s\n", "touch t=\"db\" addr=[\"program\",0] pages=8 mode=\"r\"");
    touch("read", ARENA(512), 8, 1, 0);
}

// mmap t="db" r="table" at=768 pages=2
static void step_9(void)
{
    dprintf(1, "%s\n", "mmap t=\"db\" r=\"table\" at=768 pages=2");
    CALL("mmap", mmap(ARENA(768), 2 * PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
}

// touch t="db" addr=["table",0] pages=2 mode="r"
static void step_10(void)
{
    dprintf(1, "%s\n", "touch t=\"db\" addr=[\"table\",0] pages=2 mode=\"r\"");
    touch("read", ARENA(768), 2, 1, 0);
}

// pinpages t="db" addr=["heap",148] pages=12 mode="w"
// no counterpart: it stands for direct I/O that stays under way

// fork t="db" as="worker"
static void step_12(void)
{
    dprintf(1, "%s\n", "fork t=\"db\" as=\"worker\"");
    fork_task(1);
}

// mprotect t="worker" addr=["heap",0] pages=6 prot="r"
static void step_13(void)
{
    dprintf(1, "%s\n", "mprotect t=\"worker\" addr=[\"heap\",0] pages=6 prot=\"r\"");
    CALL("mprotect", syscall(SYS_mprotect, ARENA(0), 6 * PAGE, PROT_READ));
}

// mlock t="worker" addr=["heap",0] pages=6
static void step_14(void)
{
    dprintf(1, "%s\n", "mlock t=\"worker\" addr=[\"heap\",0] pages=6");
    CALL("mlock", syscall(SYS_mlock, ARENA(0), 6 * PAGE));
}

// pin t="worker" node=1
static void step_15(void)
{
    dprintf(1, "%s\n", "pin t=\"worker\" node=1");
    run_on_node(1);
}

// touch t="worker" addr=["heap",16] pages=24
static void step_16(void)
{
    dprintf(1, "%s\n", "touch t=\"worker\" addr=[\"heap\",16] pages=24");
    touch("written", ARENA(16), 24, 1, 1);
}

// age t="db" addr=["heap",0] pages=120
// no counterpart: no program can make the page scanner look at a page now

// spawn t="guest" node=3 uid=2000
static void step_18(void)
{
    dprintf(1, "%s\n", "spawn t=\"guest\" node=3 uid=2000");
    run_on_node(3);
    become(2000, 0x0ULL);
}

// migrate_pages t="guest" pid="db" maxnode=64 old=[0] new=[2]
static void step_19(void)
{
    static unsigned long old_nodes[1024] = {0x1UL};
    static unsigned long new_nodes[1024] = {0x4UL};

    dprintf(1, "%s\n", "migrate_pages t=\"guest\" pid=\"db\" maxnode=64 old=[0] new=[2]");
    CALL("migrate_pages", syscall(SYS_migrate_pages, pids[0], 64L, old_nodes, new_nodes));
}

// spawn t="root" node=3
static void step_20(void)
{
    dprintf(1, "%s\n", "spawn t=\"root\" node=3");
    run_on_node(3);
}

// migrate_pages t="root" pid="db" maxnode=64 old=[0] new=[2]
// touch t="worker" addr=["heap",60] pages=10 mode="r"
// no counterpart: it happens inside the call above, right before pass 1
static void step_21(void)
{
    static unsigned long old_nodes[1024] = {0x1UL};
    static unsigned long new_nodes[1024] = {0x4UL};

    dprintf(1, "%s\n", "migrate_pages t=\"root\" pid=\"db\" maxnode=64 old=[0] new=[2]");
    CALL("migrate_pages", syscall(SYS_migrate_pages, pids[0], 64L, old_nodes, new_nodes));
}

// pin t="db" node=2
static void step_23(void)
{
    dprintf(1, "%s\n", "pin t=\"db\" node=2");
    run_on_node(2);
}

// touch t="db" addr=["heap",40] pages=80 mode="r"
static void step_24(void)
{
    dprintf(1, "%s\n", "touch t=\"db\" addr=[\"heap\",40] pages=80 mode=\"r\"");
    touch("read", ARENA(40), 80, 1, 0);
}

// touch t="worker" addr=["heap",40] pages=80 mode="r"
static void step_25(void)
{
    dprintf(1, "%s\n", "touch t=\"worker\" addr=[\"heap\",40] pages=80 mode=\"r\"");
    touch("read", ARENA(40), 80, 1, 0);
}

// mbind t="worker" addr=["heap",0] pages=64 mode="MPOL_BIND" mask=[3] maxnode=64 flags="MPOL_MF_MOVE|MPOL_MF_STRICT"
static void step_26(void)
{
    static unsigned long nodes[1024] = {0x8UL};

    dprintf(1, "%s\n", "mbind t=\"worker\" addr=[\"heap\",0] pages=64 mode=\"MPOL_BIND\" mask=[3] maxnode=64 flags=\"MPOL_MF_MOVE|MPOL_MF_STRICT\"");
    CALL("mbind", syscall(SYS_mbind, ARENA(0), 64 * PAGE, 2L, nodes, 64L, 3L));
}

// touch t="worker" addr=["heap",16] pages=48
static void step_27(void)
{
    dprintf(1, "%s\n", "touch t=\"worker\" addr=[\"heap\",16] pages=48");
    touch("written", ARENA(16), 48, 1, 1);
}

int main(void)
{
    if (sysconf(_SC_PAGESIZE) != PAGE) {
        dprintf(2, "this program is about pages of 4096 bytes\n");
        return 2;
    }
    prepare_tasks();
    step_1();
    fork_task(0);
    run(0, step_2);
    run(0, step_3);
    run(0, step_4);
    run(0, step_5);
    run(0, step_6);
    run(0, step_7);
    run(0, step_8);
    run(0, step_9);
    run(0, step_10);
    run(0, step_12);
    run(1, step_13);
    run(1, step_14);
    run(1, step_15);
    run(1, step_16);
    fork_task(2);
    run(2, step_18);
    run(2, step_19);
    fork_task(3);
    run(3, step_20);
    run(3, step_21);
    run(0, step_23);
    tell(0, step_24);
    tell(1, step_25);
    await(0);
    await(1);
    run(1, step_26);
    run(1, step_27);
    end_tasks();
    unlink("pagetape-0-program");
    return 0;
}
