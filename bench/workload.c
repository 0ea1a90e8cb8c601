// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The processes that bench.py checkpoints: workload NAME DIR
 *
 * DIR/ready appears when everything is set up. From then on SIGUSR1 asks "are you whole?": the
 * answer, in DIR/answer, is "ok GAP_NS SAMPLES" or "bad REASON". SIGUSR2 starts sampling the clock,
 * and the next SIGUSR1 ends it; GAP_NS is the longest time between two samples, that is the freeze
 * as seen from here.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define array_size(a) (sizeof(a) / sizeof((a)[0]))
enum { PAGE = 4096, WORDS = PAGE / sizeof(uint64_t) };

static const char *work_dir;

static void die(const char *what)
{
	fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Never zero, different in every word: neither a lost nor a misplaced page goes unseen. */
static uint64_t word_at(uint64_t index, uint64_t salt)
{
	return ((index + (salt << 40)) * 0x9e3779b97f4a7c15ULL) | 1;
}

static void fill(uint64_t *mem, size_t len, uint64_t salt)
{
	for (size_t i = 0; i < len / sizeof(*mem); i++)
		mem[i] = word_at(i, salt);
}

static bool is_filled(const uint64_t *mem, size_t len, uint64_t salt)
{
	for (size_t i = 0; i < len / sizeof(*mem); i++)
		if (mem[i] != word_at(i, salt))
			return false;
	return true;
}

static void *map_anon(size_t len)
{
	void *mem = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		die("mmap");
	return mem;
}

/* --- one process with memory --- */

static uint64_t *memory;
static size_t memory_len;

static void memory_setup(size_t len_kib)
{
	memory_len = len_kib << 10;
	memory = map_anon(memory_len);
	fill(memory, memory_len, 1);
}

static const char *memory_verify(void)
{
	return is_filled(memory, memory_len, 1) ? NULL : "memory differs";
}

/* --- children that answer through pipes, with memory of their own or one page changed --- */

enum { MAX_CHILDREN = 64 };
struct child {
	pid_t pid;
	int ask;
};

static struct child children[MAX_CHILDREN];
static size_t n_children;
static int answers[2];

static bool child_is_whole(uint64_t salt, bool is_shared)
{
	char *own = (char *)memory + (is_shared ? salt * PAGE : 0);
	size_t own_len = is_shared ? PAGE : memory_len;

	for (size_t i = 0; is_shared && i < memory_len / sizeof(*memory); i++)
		if (i / WORDS != salt && memory[i] != word_at(i, 1))
			return false;
	return is_filled((uint64_t *)own, own_len, salt + 100);
}

static void child_run(int ask, uint64_t salt, bool is_shared)
{
	pid_t pid = getpid();
	char c;

	if (is_shared) {
		fill(memory + salt * WORDS, PAGE, salt + 100);
	} else {
		memory_len = 64 << 10;
		memory = map_anon(memory_len);
		fill(memory, memory_len, salt + 100);
	}
	for (c = 'r';; c = child_is_whole(salt, is_shared) && getpid() == pid ? 'y' : 'n') {
		ssize_t n;

		if (write(answers[1], &c, 1) != 1)
			_exit(1);
		while ((n = read(ask, &c, 1)) < 0 && errno == EINTR)
			;
		if (n != 1)
			_exit(0);
	}
}

static bool children_all_say(char wanted)
{
	bool is_same = true;

	for (size_t i = 0; i < n_children; i++) {
		ssize_t n;
		char c;

		while ((n = read(answers[0], &c, 1)) < 0 && errno == EINTR)
			;
		is_same = is_same && n == 1 && c == wanted;
	}
	return is_same;
}

static void children_setup(size_t n, bool is_shared)
{
	if (pipe(answers) < 0)
		die("pipe");
	for (n_children = 0; n_children < n; n_children++) {
		int ask[2];
		pid_t pid;

		if (pipe(ask) < 0)
			die("pipe");
		pid = fork();
		if (pid < 0)
			die("fork");
		if (pid == 0) {
			close(ask[1]);
			for (size_t i = 0; i < n_children; i++)
				close(children[i].ask);
			child_run(ask[0], n_children, is_shared);
		}
		close(ask[0]);
		children[n_children] = (struct child){ .pid = pid, .ask = ask[1] };
	}
	if (!children_all_say('r'))
		die("a child did not start");
}

static const char *children_verify(void)
{
	for (size_t i = 0; i < n_children; i++)
		if (kill(children[i].pid, 0) < 0 || write(children[i].ask, "?", 1) != 1)
			return "a child is gone";
	return children_all_say('y') ? NULL : "a child's memory differs";
}

static void procs_setup(size_t n)
{
	memory_setup(64);
	children_setup(n - 1, false);
}

static void forks_setup(size_t n)
{
	memory_setup(64 << 10);
	children_setup(n, true);
}

static const char *family_verify(void)
{
	const char *bad = memory_verify();

	return bad ? bad : children_verify();
}

/* --- threads, each with its own stack and thread-local data --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t asked = PTHREAD_COND_INITIALIZER, answered = PTHREAD_COND_INITIALIZER;
static unsigned int question;
static size_t n_threads, n_answers, n_bad;
static __thread uint64_t own_number;

static void *thread_run(void *arg)
{
	uint64_t number = (uintptr_t)arg, stack[256];
	unsigned int seen = 0;
	pid_t tid = gettid();

	own_number = number;
	fill(stack, sizeof(stack), number);
	pthread_mutex_lock(&lock);
	for (;;) {
		bool is_whole = own_number == number && gettid() == tid &&
				is_filled(stack, sizeof(stack), number);

		n_bad += !is_whole;
		n_answers++;
		pthread_cond_signal(&answered);
		while (seen == question)
			pthread_cond_wait(&asked, &lock);
		seen = question;
	}
	return NULL;
}

static const char *threads_wait(void)
{
	while (n_answers < n_threads)
		pthread_cond_wait(&answered, &lock);
	pthread_mutex_unlock(&lock);
	return n_bad ? "a thread's data differ" : NULL;
}

static void threads_setup(size_t n)
{
	n_threads = n - 1;
	for (size_t i = 0; i < n_threads; i++) {
		pthread_t thread;

		errno = pthread_create(&thread, NULL, thread_run, (void *)(uintptr_t)(i + 1));
		if (errno)
			die("pthread_create");
	}
	pthread_mutex_lock(&lock);
	threads_wait();
}

static const char *threads_verify(void)
{
	pthread_mutex_lock(&lock);
	n_answers = n_bad = 0;
	question++;
	pthread_cond_broadcast(&asked);
	return threads_wait();
}

/* --- descriptors, four by four: a file at an offset, both ends of a filled pipe, an eventfd --- */

struct fd_group {
	int file, pipe[2], event;
};

static struct fd_group *groups;
static size_t n_groups;

static void fds_setup(size_t n)
{
	struct rlimit lim;
	char path[4096];

	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
	n_groups = n / 4;
	groups = calloc(n_groups, sizeof(*groups));
	for (size_t i = 0; i < n_groups; i++) {
		struct fd_group *g = &groups[i];
		uint64_t word = word_at(i, 2);

		snprintf(path, sizeof(path), "%s/file%zu", work_dir, i);
		g->file = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
		g->event = eventfd(i + 1, EFD_NONBLOCK);
		if (g->file < 0 || g->event < 0 || pipe2(g->pipe, O_NONBLOCK) < 0)
			die("open descriptors");
		if (pwrite(g->file, &word, sizeof(word), i) != sizeof(word) ||
		    lseek(g->file, i, SEEK_SET) < 0 ||
		    write(g->pipe[1], &word, sizeof(word)) != sizeof(word))
			die("fill descriptors");
	}
}

/* What is taken out is put back: the question may come again. */
static const char *fd_group_verify(const struct fd_group *g, size_t i)
{
	uint64_t want = word_at(i, 2), word;

	if (lseek(g->file, 0, SEEK_CUR) != (off_t)i)
		return "a file's position differs";
	if (pread(g->file, &word, sizeof(word), i) != sizeof(word) || word != want)
		return "a file's content differs";
	if (read(g->pipe[0], &word, sizeof(word)) != sizeof(word) || word != want)
		return "a pipe's content differs";
	if (write(g->pipe[1], &want, sizeof(want)) != sizeof(want))
		return "a pipe cannot be written";
	if (read(g->event, &word, sizeof(word)) != sizeof(word) || word != i + 1)
		return "an eventfd's counter differs";
	if (write(g->event, &word, sizeof(word)) != sizeof(word))
		return "an eventfd cannot be written";
	return NULL;
}

static const char *fds_verify(void)
{
	const char *bad = NULL;

	for (size_t i = 0; i < n_groups && !bad; i++)
		bad = fd_group_verify(&groups[i], i);
	return bad;
}

/* --- mappings of one page, every second one read-only, so that the kernel keeps them apart --- */

static size_t n_maps;

static void maps_setup(size_t n)
{
	n_maps = n;
	memory_setup(n * PAGE >> 10);
	for (size_t i = 1; i < n; i += 2)
		if (mprotect((char *)memory + i * PAGE, PAGE, PROT_READ) < 0)
			die("mprotect");
}

static const char *maps_verify(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uintptr_t start, end, from = (uintptr_t)memory, to = from + memory_len;
	size_t n = 0;
	char line[4096], perm[5];

	if (!maps)
		return "cannot read /proc/self/maps";
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %4s", &start, &end, perm) == 3 && start >= from &&
		    end <= to && perm[1] == ((start - from) / PAGE % 2 ? '-' : 'w'))
			n++;
	fclose(maps);
	return n == n_maps ? memory_verify() : "mappings are missing or have another protection";
}

/* --- the clock, the loop, the table --- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void __attribute__((format(printf, 2, 3))) publish(const char *name, const char *fmt, ...)
{
	char path[4096], temp[4096];
	va_list args;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", work_dir, name);
	snprintf(temp, sizeof(temp), "%s/%s.new", work_dir, name);
	f = fopen(temp, "we");
	if (!f)
		die(temp);
	va_start(args, fmt);
	vfprintf(f, fmt, args);
	va_end(args);
	if (fclose(f) || rename(temp, path) < 0)
		die(path);
}

static const struct load {
	const char *name;
	size_t size;
	void (*setup)(size_t size);
	const char *(*verify)(void);
} loads[] = {
	{ "tiny", 4, memory_setup, memory_verify },
	{ "mem64", 64 << 10, memory_setup, memory_verify },
	{ "mem1g", 1 << 20, memory_setup, memory_verify },
	{ "procs50", 50, procs_setup, family_verify },
	{ "threads200", 200, threads_setup, threads_verify },
	{ "fds2000", 2000, fds_setup, fds_verify },
	{ "maps5000", 5000, maps_setup, maps_verify },
	{ "forks8", 8, forks_setup, family_verify },
};

static void answer_forever(const struct load *load, const sigset_t *set)
{
	const struct timespec tick = { .tv_nsec = 50000 };
	uint64_t last = 0, gap = 0, samples = 0;
	bool is_sampling = false;

	for (;;) {
		int sig = is_sampling ? sigtimedwait(set, NULL, &tick) : sigwaitinfo(set, NULL);
		uint64_t now = now_ns();

		if (is_sampling) {
			if (now - last > gap)
				gap = now - last;
			samples++;
			last = now;
		}
		if (sig == SIGUSR2) {
			is_sampling = true;
			last = now;
			gap = samples = 0;
		} else if (sig == SIGUSR1) {
			const char *bad = load->verify();

			is_sampling = false;
			if (bad)
				publish("answer", "bad %s\n", bad);
			else
				publish("answer", "ok %lu %lu\n", gap, samples);
		}
	}
}

/* Memory that the host has not backed yet is ten times slower: touch it once and give it back. */
static int warm(size_t mib, int advice)
{
	char *mem = map_anon(mib << 20);

	madvise(mem, mib << 20, advice);
	for (size_t i = 0; i < mib << 20; i += PAGE)
		mem[i] = 1;
	return munmap(mem, mib << 20);
}

int main(int argc, char **argv)
{
	sigset_t set;

	if (argc != 3)
		return fprintf(stderr, "usage: workload NAME DIR | workload warm MIB\n"), 2;
	if (!strcmp(argv[1], "warm"))
		return warm(strtoul(argv[2], NULL, 10), MADV_NOHUGEPAGE) ||
		       warm(strtoul(argv[2], NULL, 10), MADV_HUGEPAGE);

	work_dir = argv[2];
	close_range(3, ~0U, 0);	/* what bench.py's caller had open is no part of this */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);	/* or each sample would come 50 us late */
	for (size_t i = 0; i < array_size(loads); i++) {
		if (strcmp(argv[1], loads[i].name))
			continue;
		loads[i].setup(loads[i].size);
		publish("ready", "%d\n", getpid());
		answer_forever(&loads[i], &set);
	}
	return fprintf(stderr, "workload: no load is called %s\n", argv[1]), 2;
}
