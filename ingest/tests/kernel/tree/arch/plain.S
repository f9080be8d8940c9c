	.text
	.globl __SCT__call, __fentry__, enter
	.type __SCT__call, @function
__SCT__call:
	ret
	int3
	.size __SCT__call, . - __SCT__call
	.type __fentry__, @function
__fentry__:
	ret
	.size __fentry__, . - __fentry__
	.type sink, @function
	.globl sink
sink:
	mov %edi, %eax
	ret
	.size sink, . - sink
	.type enter, @function
enter:
	ret
	.size enter, . - enter
