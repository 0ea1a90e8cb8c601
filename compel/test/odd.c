/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Odd targets: no libc, no stack, no vDSO, filters, vfork, critical sections, 32-bit code. */
#include <elf.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/rseq.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "cpu.h"
#include "harness.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif
#define PR_SET_DISPATCH 59 /* PR_SET_SYSCALL_USER_DISPATCH */

static int *flag; /* shared: the target is ready (1), shall end (2) */

static pid_t start(int (*f)(void *), void *arg)
{
	pid_t pid;

	flag = shared(4096);
	pid = target(f, arg);
	for (int i = 0; i < 2000 && *(volatile int *)flag != 1; i++) {
		int status;

		sleep_ms(1);
		if (waitpid(pid, &status, WNOHANG) == pid) {
			if (WIFEXITED(status) && WEXITSTATUS(status) == TEST_SKIPPED)
				skip("this kernel does not have it");
			eq(status, 0);
		}
	}
	return pid;
}

static void visit_some(pid_t pid)
{
	for (int i = 0; i < 12; i++) {
		eq(visit(pid, i % 4), 0);
		sleep_ms(2);
	}
}

static void end(pid_t pid)
{
	*(volatile int *)flag = 2;
	expect_success(pid);
}

/* --- seccomp --- */

static int strict(void *arg)
{
	(void)arg;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		return TEST_SKIPPED;
	*flag = 1;
	for (uint64_t seed = 1; *(volatile int *)flag != 2; seed++)
		if (check_registers(seed))
			syscall(SYS_exit, 1);
	syscall(SYS_exit, 0);
	return 0;
}

TEST(seccomp_strict)
{
	pid_t pid = start(strict, NULL);

	visit_some(pid);
	end(pid);
}

/* Kill on everything but the calls in `allowed`. */
static int install_filter(const int *allowed, unsigned int n)
{
	struct sock_filter f[64];
	struct sock_fprog prog = { .filter = f };
	unsigned short k = 0;

	f[k++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					      offsetof(struct seccomp_data, nr));
	for (unsigned int i = 0; i < n; i++) {
		f[k++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], 0, 1);
		f[k++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	f[k++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	prog.len = k;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		return TEST_SKIPPED;
	return 0;
}

static int filtered(void *arg)
{
	static const int allowed[] = { SYS_exit_group };

	(void)arg;
	if (install_filter(allowed, 1))
		return TEST_SKIPPED;
	*flag = 1;
	for (uint64_t seed = 1; *(volatile int *)flag != 2; seed++)
		if (check_registers(seed))
			_exit(1);
	syscall(SYS_exit_group, 0); /* nothing else that a sanitizer might add */
	return 0;
}

TEST(seccomp_filter_that_kills_on_anything)
{
	pid_t pid = start(filtered, NULL);

	visit_some(pid);
	end(pid);
}

/* What the visit itself needs, but nothing to send a signal with. */
static int filtered_without_tgkill(void *arg)
{
	static const int allowed[] = {
		SYS_exit_group, SYS_mmap,  SYS_munmap,	     SYS_mprotect,
		SYS_gettid,	SYS_close, SYS_rt_sigreturn, SYS_sched_yield
	};

	(void)arg;
	prctl(PR_SET_DUMPABLE, 1);
	if (install_filter(allowed, sizeof(allowed) / sizeof(allowed[0])))
		return TEST_SKIPPED;
	*flag = 1;
	for (uint64_t seed = 1; *(volatile int *)flag != 2; seed++)
		if (check_registers(seed))
			_exit(1);
	syscall(SYS_exit_group, 0); /* nothing else that a sanitizer might add */
	return 0;
}

TEST(seccomp_filter_that_an_unprivileged_tracer_cannot_suspend)
{
	pid_t pid;

	ok(!setgid(65534) && !setuid(65534));
	prctl(PR_SET_DUMPABLE, 1); /* or its own /proc files are root's */
	pid = start(filtered_without_tgkill, NULL);
	visit_some(pid);
	end(pid);
}

/* --- memory --- */

static int deny_write_exec(void *arg)
{
	(void)arg;
	if (prctl(PR_SET_MDWE, 1, 0, 0, 0))
		return TEST_SKIPPED;
	*flag = 1;
	for (uint64_t seed = 1; *(volatile int *)flag != 2; seed++)
		if (check_registers(seed))
			return 1;
	return 0;
}

TEST(memory_deny_write_execute)
{
	pid_t pid = start(deny_write_exec, NULL);

	visit_some(pid);
	end(pid);
}

static int unmap_vdso(void *arg)
{
	unsigned long first, last;
	char line[512];
	FILE *f = fopen("/proc/self/maps", "re");

	(void)arg;
	while (fgets(line, sizeof(line), f))
		if (strstr(line, "[vdso]") && sscanf(line, "%lx-%lx", &first, &last) == 2)
			munmap((void *)first, last - first);
	fclose(f);
	*flag = 1;
	for (uint64_t seed = 1; *(volatile int *)flag != 2; seed++)
		if (check_registers(seed))
			return 1;
	return 0;
}

TEST(no_vdso)
{
	pid_t pid = start(unmap_vdso, NULL);

	visit_some(pid);
	end(pid);
}

/* pause() for ever, in one page, with nothing else: an executable of header and code. */
static const unsigned char pause_code[] = { 0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7 };

static int exec_tiny(void *arg)
{
	struct {
		Elf64_Ehdr e;
		Elf64_Phdr p;
		unsigned char code[16];
	} x = {
		.e = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		       .e_type = ET_EXEC,
		       .e_machine = EM_X86_64,
		       .e_version = EV_CURRENT,
		       .e_entry = 0x400000 + sizeof(x.e) + sizeof(x.p),
		       .e_phoff = sizeof(x.e),
		       .e_ehsize = sizeof(x.e),
		       .e_phentsize = sizeof(x.p),
		       .e_phnum = 1 },
		.p = { .p_type = PT_LOAD,
		       .p_flags = PF_R | PF_X,
		       .p_vaddr = 0x400000,
		       .p_filesz = sizeof(x),
		       .p_memsz = sizeof(x),
		       .p_align = 4096 },
	};
	char name[] = "tiny", *argv[] = { name, NULL }, *env[] = { NULL };
	int fd = memfd_create("tiny", MFD_CLOEXEC);

	(void)arg;
	memcpy(x.code, pause_code, sizeof(pause_code));
	if (write(fd, &x, sizeof(x)) != sizeof(x))
		return 1;
	fexecve(fd, argv, env);
	return TEST_SKIPPED;
}

TEST(program_without_libc)
{
	pid_t pid = target(exec_tiny, NULL);
	int status;

	sleep_ms(30);
	await_state(pid, "S");
	visit_some(pid);
	await_state(pid, "S");
	eq(waitpid(pid, &status, WNOHANG), 0);
	ok(!kill(pid, SIGTERM));
	eq(waitpid(pid, &status, 0), pid);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

/* Spin with the stack pointer given until the flag says so. */
static void spin_on_stack(unsigned long sp, volatile int *f)
{
	__asm__ volatile("mov %%rsp, %%r12\n\t"
			 "mov %[sp], %%rsp\n\t"
			 "1: pause\n\t"
			 "cmpl $2, (%[f])\n\t"
			 "jne 1b\n\t"
			 "cmp %[sp], %%rsp\n\t"
			 "mov %%r12, %%rsp\n\t"
			 "je 2f\n\t"
			 "ud2\n\t"
			 "2:"
			 :
			 : [sp] "r"(sp), [f] "r"(f)
			 : "r12", "memory", "cc");
}

static int small_stack(void *arg)
{
	unsigned char *room =
		mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	mprotect(room, 4096, PROT_NONE);
	memset(room + 4096, 0x5a, 8192);
	*flag = 1;
	spin_on_stack((unsigned long)room + 4096 + 64, flag);
	for (int i = 4096; i < 3 * 4096; i++)
		if (room[i] != 0x5a)
			return 1;
	return 0;
}

TEST(stack_of_64_bytes)
{
	pid_t pid = start(small_stack, NULL);

	visit_some(pid);
	end(pid);
}

static int no_stack(void *arg)
{
	(void)arg;
	*flag = 1;
	spin_on_stack(0x1001, flag);
	return 0;
}

TEST(stack_pointer_to_nowhere)
{
	pid_t pid = start(no_stack, NULL);

	visit_some(pid);
	end(pid);
}

/* --- vfork --- */

static int in_vfork(void *arg)
{
	volatile pid_t self = getpid();
	int status;
	pid_t child = vfork();

	(void)arg;
	if (!child) {
		flag[1] = getpid();
		*flag = 1;
		while (*(volatile int *)flag != 2)
			if (check_registers(self))
				_exit(1);
		_exit(0);
	}
	return waitpid(child, &status, 0) == child ? status : 1;
}

TEST(child_of_vfork)
{
	pid_t pid = start(in_vfork, NULL);

	visit_some(flag[1]);
	end(pid);
}

TEST(parent_in_vfork)
{
	pid_t pid = start(in_vfork, NULL);
	struct compel_stop stop;

	eq(compel_stop_thread(pid, &stop), -EDEADLK);
	*(volatile int *)flag = 2; /* now the child ends */
	ok(!compel_wait_stopped(pid, &stop));
	eq(stop.kind, COMPEL_STOPPED);
	ok(!compel_release(pid));
	expect_success(pid);
}

TEST(asleep_parent_in_vfork)
{
	ok(!compel_wait_asleep(SIGRTMIN));
	parent_in_vfork();
}

/* --- syscall user dispatch --- */

static volatile char selector;
static volatile int n_dispatched;

static void on_sys(int sig)
{
	(void)sig;
	selector = 0; /* SYSCALL_DISPATCH_FILTER_ALLOW: or the return from here would be caught as
			 well */
	n_dispatched++;
}

static int dispatched(void *arg)
{
	(void)arg;
	signal(SIGSYS, on_sys);
	if (prctl(PR_SET_DISPATCH, 1, 0, 0, &selector))
		return TEST_SKIPPED;
	*flag = 1;
	selector = 1;
	for (uint64_t seed = 1; *(volatile int *)flag != 2; seed++)
		if (check_registers(seed))
			break;
	syscall(SYS_getppid);
	return n_dispatched == 1 ? 0 : 1;
}

TEST(syscall_user_dispatch)
{
	pid_t pid = start(dispatched, NULL);
	struct {
		uint64_t mode, selector, offset, len;
	} config;

	sleep_ms(5);
	ok(!compel_seize(pid));
	ok(!compel_interrupt(pid));
	ok(!compel_wait_stopped(pid, &visit_stop));
	if (syscall(SYS_ptrace, 0x4211, pid, sizeof(config), &config))
		skip("ptrace cannot switch syscall user dispatch off before Linux 6.4");
	eq(config.mode, 1);
	ok(!compel_release(pid));
	visit_some(pid);
	end(pid);
}

/* --- restartable sequences --- */

/*
 * Inside the critical section for nearly all the time. A visit in there must abort it: `epoch`
 * changes only while the target is stopped, so a section that commits has seen one value at both
 * ends.
 */
static long section(struct rseq *rs, volatile int *epoch, long *ret_first, long *ret_last)
{
	static struct rseq_cs cs __attribute__((aligned(32)));
	long aborted = 0, first = 0, last = 0;

	__asm__ volatile("lea 1f(%%rip), %%rax\n\t"
			 "mov %%rax, 8(%[cs])\n\t"
			 "lea 2f(%%rip), %%rcx\n\t"
			 "sub %%rax, %%rcx\n\t"
			 "mov %%rcx, 16(%[cs])\n\t"
			 "lea 4f(%%rip), %%rax\n\t"
			 "mov %%rax, 24(%[cs])\n\t"
			 "mov %[cs], 8(%[rs])\n\t"
			 "1: movslq (%[epoch]), %[first]\n\t"
			 "mov $200000, %%ecx\n\t"
			 "3: pause\n\t"
			 "dec %%ecx\n\t"
			 "jnz 3b\n\t"
			 "movslq (%[epoch]), %[last]\n\t"
			 "2: jmp 5f\n\t"
			 ".byte 0x0f, 0xb9, 0x3d\n\t"
			 ".long 0x53053053\n\t"
			 "4: mov $1, %[aborted]\n\t"
			 "5: movq $0, 8(%[rs])\n\t"
			 : [first] "+&r"(first), [last] "+&r"(last), [aborted] "+&r"(aborted)
			 : [cs] "r"(&cs), [rs] "r"(rs), [epoch] "r"(epoch)
			 : "rax", "rcx", "memory", "cc");
	*ret_first = first;
	*ret_last = last;
	return aborted;
}

static int in_sections(void *arg)
{
	struct rseq *rs = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
	long first, last;

	(void)arg;
	if (!__rseq_size)
		return TEST_SKIPPED;
	*flag = 1;
	while (*(volatile int *)flag != 2) {
		if (section(rs, &flag[1], &first, &last)) {
			flag[2]++;
			continue;
		}
		flag[3]++;
		if (first != last)
			return 1;
	}
	return 0;
}

static void next_epoch(void)
{
	flag[1]++;
}

TEST(restartable_sequence_is_aborted)
{
	pid_t pid = start(in_sections, NULL);

	visit_hook = next_epoch;
	for (int i = 0; i < 60; i++) {
		eq(visit(pid, i % 4), 0);
		sleep_ms(1);
	}
	visit_hook = NULL;
	sleep_ms(100);
	end(pid);
	ok(flag[2] >= 20); /* nearly every visit has met one */
}

/* --- 32-bit code --- */

static int in_32bit(void *arg)
{
	unsigned char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct {
		uint32_t offset;
		uint16_t segment;
	} to = { (uint32_t)(unsigned long)low, 0x23 };

	(void)arg;
	memcpy(low, "\xf3\x90\xeb\xfc", 4); /* pause, and again */
	*flag = 1;
	__asm__ volatile("ljmp *%0" : : "m"(to));
	return 1;
}

TEST(thread_in_32_bit_code_is_refused)
{
	pid_t pid = start(in_32bit, NULL);
	unsigned long args[6] = { 0 };
	struct compel_stop stop;
	struct compel_proc *p;
	int status;
	long ret;

	sleep_ms(10);
	if (waitpid(pid, &status, WNOHANG))
		skip("no 32-bit code segment here");
	ok(!compel_stop_thread(pid, &stop));
	eq(compel_is_native64(pid), 0);
	ok(!compel_open(pid, &p));
	eq(compel_syscall(p, pid, SYS_getpid, args, &ret), -EOPNOTSUPP);
	ok(strstr(compel_error(p), "32-bit"));
	compel_close(p);
	ok(!compel_release(pid));
	sleep_ms(10);
	eq(waitpid(pid, &status, WNOHANG), 0);
}

int main(void)
{
	return run_tests();
}
