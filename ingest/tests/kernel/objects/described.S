	.text
	.globl described
	.type described, @function
described:
	mov %edi, %eax
	ret
	.size described, . - described
