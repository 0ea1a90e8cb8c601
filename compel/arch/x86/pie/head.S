/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first bytes of every blob. Its entry, for code that jumps into a blob by itself, is
 * pie_main(rdi) on the stack as it is, and nothing else. The library comes in by `enter`: call
 * pie_main, pass the gate, and go back to what the thread did.
 *
 * The tracer (src/run.c, frame.c) enters with
 *	rdi	argument of pie_main		r15	top of this thread's stack here
 *	rbx	the thread's signal frame	r12	signal of the gate, 0 for none
 *	r13 r14	start and length of what must become writable first; r14 = 0 if it is
 *	rsp	as the thread had it: a signal that comes before memory is writable finds its own stack
 * The result is in rbp at the gate. Nothing but registers is used until memory is known to be
 * writable, and nothing after the result: the way back works even if mprotect failed.
 *
 * By `call` a single system call is made instead: number in rax, arguments where the kernel wants
 * them, rbx and r12 as above, r14 = 0. It needs no stack.
 *
 * The gate: a signal that the target ignores, sent to itself. Under ptrace it stops the thread
 * inside get_signal(), and the tracer puts the original registers back. Without a tracer the kernel
 * drops it, and rt_sigreturn does it.
 */
	.section .head.text, "ax", @progbits
	.globl pie_entry
pie_entry:
	jmp	plain
	.byte	0x43, 0x42			/* magic; struct head in frame.c */
	.long	enter - pie_entry
	.long	call - pie_entry
	.long	gate - pie_entry
	.long	leave_done - pie_entry
plain:
	jmp	pie_main
enter:
	test	%r14, %r14
	jz	work
	mov	%rdi, %r10			/* no argument of mprotect, so it is kept */
	mov	%r13, %rdi
	mov	%r14, %rsi
	mov	$3, %edx			/* PROT_READ | PROT_WRITE */
	mov	$10, %eax			/* mprotect */
	syscall
	mov	%r10, %rdi
	test	%rax, %rax
	jnz	done				/* r14 stays: not called */
	xor	%r14d, %r14d
work:
	mov	%r15, %rsp
	call	pie_main
	jmp	done
call:
	syscall
done:
	mov	%rax, %rbp
	test	%r12, %r12
	jz	leave
	mov	$39, %eax			/* getpid, as its own pid namespace has it */
	syscall
	mov	%rax, %r13
	mov	$186, %eax			/* gettid */
	syscall
	mov	%r13, %rdi
	mov	%rax, %rsi
	mov	%r12, %rdx
	mov	$234, %eax			/* tgkill */
	syscall
gate:
leave:
	lea	8(%rbx), %rsp			/* as after a handler's return: the frame is 8 below */
	mov	$15, %eax			/* rt_sigreturn */
	syscall
leave_done:
	ud2
	.section .note.GNU-stack, "", @progbits
