/**
 * The functions that exported C programs are made with. A program has those that it uses, and what they use.
 *
 * System calls are made by number, through syscall(2), so that the kernel sees exactly the arguments of the step and no library
 * is needed but libc. Printing is by dprintf, which keeps nothing back when a process forks or is killed.
 */

interface Part {
  /** What other code calls it by; several names with `|` between them. */
  readonly name: string;
  readonly text: string;
}

/** In an order in which each comes after what it uses. */
const PARTS: readonly Part[] = [
  {
    name: 'say',
    text: String.raw`/* Prints the result of a call, and the error if it failed. */
static void say(const char *what, long result)
{
    int error = errno;

    if (result == -1)
        dprintf(1, "%s = -1, errno %d (%s)\n", what, error, strerror(error));
    else
        dprintf(1, "%s = %ld\n", what, result);
}`,
  },
  {
    name: 'CALL',
    text: '#define CALL(what, call) do { errno = 0; say(what, (long)(call)); } while (0)',
  },
  {
    name: 'print_nodes',
    text: String.raw`/* Prints an answer of move_pages: the node of each page, or minus the error. */
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
}`,
  },
  {
    name: 'where',
    text: String.raw`/* Asks move_pages(2) where pages of this process are, without moving them. */
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
}`,
  },
  {
    name: 'on_fault|before_access',
    text: String.raw`static __thread sigjmp_buf before_access;

static void on_fault(int signal_number)
{
    siglongjmp(before_access, signal_number);
}`,
  },
  {
    name: 'touch',
    text: String.raw`/* One access to each of the pages; then where they are. A signal ends it. */
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
}`,
  },
  {
    name: 'before_a_gap',
    text: String.raw`/* A copy behind which nothing is mapped. */
static void *before_a_gap(const void *bytes, size_t size)
{
    size_t room = (size + PAGE - 1) / PAGE * PAGE;
    char *memory = mmap(NULL, room + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED || mprotect(memory + room, PAGE, PROT_NONE) != 0)
        exit(2);
    memcpy(memory + room - size, bytes, size);
    return memory + room - size;
}`,
  },
  {
    name: 'put',
    text: String.raw`/* Writes to a file of the kernel. */
static void put(const char *file, const char *value)
{
    int fd = open(file, O_WRONLY);

    dprintf(1, "%s <- ", file);
    say(value, fd == -1 ? -1 : write(fd, value, strlen(value)));
    if (fd != -1)
        close(fd);
}`,
  },
  {
    name: 'print_file',
    text: String.raw`/* Prints the lines of a file that begin with one of the words; all lines where there are no words. */
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
}`,
  },
  {
    name: 'print_pagemap',
    text: String.raw`/* Prints what /proc/PID/pagemap says of pages. */
static void print_pagemap(pid_t pid, unsigned long address, long count)
{
    char name[64];
    int fd;
    long i;

    snprintf(name, sizeof(name), "/proc/%d/pagemap", (int)pid);
    fd = open(name, O_RDONLY);
    if (fd == -1)
        say(name, -1);
    for (i = 0; fd != -1 && i < count; i++) {
        unsigned long long entry = 0;

        if (pread(fd, &entry, sizeof(entry), (address / PAGE + i) * sizeof(entry)) != sizeof(entry))
            say("    read", -1);
        dprintf(1, "    page %ld:%s%s%s\n", i, entry >> 63 & 1 ? " present" : "", entry >> 62 & 1 ? " swapped" : "",
                entry >> 61 & 1 ? " file-or-shared" : "");
    }
    if (fd != -1)
        close(fd);
}`,
  },
  {
    name: 'open_file',
    text: String.raw`static int open_file(const char *name)
{
    int fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);

    if (fd == -1)
        say(name, -1);
    return fd;
}`,
  },
  {
    name: 'run_on_cpu',
    text: String.raw`/* sched_setaffinity(2): the calling thread runs on this cpu. */
static void run_on_cpu(int cpu)
{
    static unsigned long mask[128];

    memset(mask, 0, sizeof(mask));
    mask[cpu / BITS] = 1UL << (cpu % BITS);
    dprintf(1, "cpu %d: ", cpu);
    say("sched_setaffinity", syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask) < 0 ? -1 : 0);
}`,
  },
  {
    name: 'run_on_node',
    text: String.raw`/* The calling thread runs on the first cpu of this node. */
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
}`,
  },
  {
    name: 'set_capabilities',
    text: String.raw`/* capset(2): the bits of capabilities that the calling thread has from now on, or gives up. */
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
}`,
  },
  {
    name: 'become',
    text: String.raw`/* All user ids become this one, and of the capabilities those remain. */
static void become(unsigned int uid, unsigned long long capabilities)
{
    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    CALL("setresuid", syscall(SYS_setresuid, uid, uid, uid));
    set_capabilities(capabilities, 0);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}`,
  },
  {
    name: 'pids|orders|answers',
    text: String.raw`/* Process ids of the tasks, in memory that all of them share; pipes for orders and answers. */
static volatile pid_t *pids;
static int orders[TASKS][2], answers[TASKS][2];`,
  },
  {
    name: 'serve',
    text: String.raw`/* A task waits for orders, each a function of this program, and answers when it is done. */
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
}`,
  },
  {
    name: 'await',
    text: String.raw`/* Waits until a task has answered. */
static void await(int task)
{
    struct pollfd answer = {answers[task][0], POLLIN, 0};
    char byte;

    if (poll(&answer, 1, 60000) != 1 || read(answers[task][0], &byte, 1) != 1) {
        dprintf(1, "a task does not answer; it was killed, or waits for ever\n");
        exit(1);
    }
}`,
  },
  {
    name: 'tell',
    text: String.raw`static void tell(int task, void (*step)(void))
{
    if (write(orders[task][1], &step, sizeof(step)) != sizeof(step))
        exit(2);
}`,
  },
  {
    name: 'run',
    text: String.raw`static void run(int task, void (*step)(void))
{
    tell(task, step);
    await(task);
}`,
  },
  {
    name: 'fork_task',
    text: String.raw`/* The calling process makes a child, which is that task. */
static void fork_task(long task)
{
    pid_t pid = fork();

    if (pid == 0)
        serve((void *)task);
    if (pid == -1)
        say("fork", -1);
    else
        await(task);
}`,
  },
  {
    name: 'thread_task',
    text: String.raw`/* The calling process gets another thread, which is that task. */
static void thread_task(long task)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, serve, (void *)task) != 0)
        say("pthread_create", -1);
    else
        await(task);
}`,
  },
  {
    name: 'leave',
    text: String.raw`/* exit(2) of the calling thread alone. Whoever waits for its answer gets it first. */
static void leave(int task)
{
    if (write(answers[task][1], "", 1) == 1)
        syscall(SYS_exit, 0);
}`,
  },
  {
    name: 'prepare_tasks',
    text: String.raw`static void prepare_tasks(void)
{
    int task;

    pids = mmap(NULL, TASKS * sizeof(*pids), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (task = 0; task < TASKS; task++)
        if (pids == MAP_FAILED || pipe(orders[task]) != 0 || pipe(answers[task]) != 0)
            exit(2);
    signal(SIGCHLD, SIG_IGN);
}`,
  },
  {
    name: 'end_tasks',
    text: String.raw`static void end_tasks(void)
{
    int task;

    for (task = 0; task < TASKS; task++)
        if (pids[task] > 0 && pids[task] != getpid())
            kill(pids[task], SIGKILL);
}`,
  },
];

/** Code without what only looks like it: comments and the insides of strings. */
export const bareCode = (text: string): string =>
  text.replace(/"(?:\\.|[^"\\\n])*"/g, '""').replace(/\/\/.*$|\/\*[^]*?\*\//gm, '');

const uses = (text: string, name: string): boolean => new RegExp(`\\b(?:${name})\\b`).test(bareCode(text));

/** The parts that a text uses, and those that these use, in their order. */
export function partsFor(text: string): string[] {
  const wanted = new Set<Part>();
  let all = text;
  for (const part of [...PARTS].reverse()) {
    if (!uses(all, part.name)) continue;
    wanted.add(part);
    all += part.text;
  }
  return PARTS.filter((part) => wanted.has(part)).map((part) => part.text);
}

/** Headers by a name that only they have. */
const HEADERS: readonly (readonly [header: string, names: RegExp])[] = [
  ['errno.h', /\berrno\b/],
  ['fcntl.h', /\b(?:open|fallocate|posix_fadvise)\(/],
  ['poll.h', /\bpoll\(/],
  ['pthread.h', /\bpthread_/],
  ['setjmp.h', /\bsigjmp_buf\b/],
  ['signal.h', /\b(?:signal|kill|SIG[A-Z]+)\b/],
  ['stdio.h', /\b(?:dprintf|snprintf|fopen)\(/],
  ['stdlib.h', /\b(?:exit|malloc)\(/],
  ['string.h', /\b(?:str[a-z]+|mem[a-z]+)\(/],
  ['sys/mman.h', /\b(?:mmap|mprotect)\(|\bPROT_/],
  ['sys/prctl.h', /\bprctl\(/],
  ['sys/stat.h', /\b(?:mkdir|fchmod)\(/],
  ['sys/syscall.h', /\bSYS_/],
  ['sys/types.h', /\bpid_t\b/],
  ['unistd.h', /\b(?:syscall|sysconf|write|close|unlink)\(/],
];

export const headersFor = (text: string): string[] =>
  HEADERS.filter(([, names]) => names.test(bareCode(text))).map(([header]) => `#include <${header}>`);
