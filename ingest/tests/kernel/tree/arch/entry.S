#define SYM_CODE_START(name) .globl name; name:
#define SYM_FUNC_START(name) .globl name; .type name, @function; name:
#define SYM_FUNC_END(name) .size name, . - name

	.text
SYM_CODE_START(entry_code)
	push %rdi
	call entry_function
	pop %rdi
	ret

SYM_FUNC_START(entry_function)
	mov %edi, %eax
	test %eax, %eax
	jz 1f
	add $1, %eax
1:	ret
SYM_FUNC_END(entry_function)
