// Q1, §5: maxnode is one larger than the number of bits that are read. With maxnode 2 bit 1 of the old mask is
// not read, so nothing is moved from node 1; with maxnode 3 it is.
// Simulated on 2 nodes: node 0: 128 pages, 1 cpus; node 1: 128 pages, 1 cpus.
// Build it with: cc -O2 -Wall -Wextra -o steps THIS-FILE.c
// The memory of the program itself is moved, and counted, like that of the scenario.

#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096L
#define BITS (8 * (int)sizeof(long))
#define ARENA(page) ((char *)0x40000000L + (page) * PAGE)
#define UNTOLD 0x7fffffff

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

// spawn t="A" node=1
static void step_1(void)
{
    dprintf(1, "%s\n", "spawn t=\"A\" node=1");
    run_on_node(1);
}

// mmap t="A" r="r" at=0 pages=1
static void step_2(void)
{
    dprintf(1, "%s\n", "mmap t=\"A\" r=\"r\" at=0 pages=1");
    CALL("mmap", mmap(ARENA(0), 1 * PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
}

// touch t="A" addr=["r",0] pages=1
static void step_3(void)
{
    dprintf(1, "%s\n", "touch t=\"A\" addr=[\"r\",0] pages=1");
    touch("written", ARENA(0), 1, 1, 1);
}

// age t="A" addr=["r",0] pages=1
// no counterpart: no program can make the page scanner look at a page now

// migrate_pages t="A" pid="self" maxnode=2 old=[1] new=[0]
static void step_5(void)
{
    static unsigned long old_nodes[1024] = {0x2UL};
    static unsigned long new_nodes[1024] = {0x1UL};

    dprintf(1, "%s\n", "migrate_pages t=\"A\" pid=\"self\" maxnode=2 old=[1] new=[0]");
    CALL("migrate_pages", syscall(SYS_migrate_pages, 0, 2L, old_nodes, new_nodes));
}

// migrate_pages t="A" pid="self" maxnode=3 old=[1] new=[0]
static void step_6(void)
{
    static unsigned long old_nodes[1024] = {0x2UL};
    static unsigned long new_nodes[1024] = {0x1UL};

    dprintf(1, "%s\n", "migrate_pages t=\"A\" pid=\"self\" maxnode=3 old=[1] new=[0]");
    CALL("migrate_pages", syscall(SYS_migrate_pages, 0, 3L, old_nodes, new_nodes));
}

int main(void)
{
    if (sysconf(_SC_PAGESIZE) != PAGE) {
        dprintf(2, "this program is about pages of 4096 bytes\n");
        return 2;
    }
    step_1();
    step_2();
    step_3();
    step_5();
    step_6();
    return 0;
}
