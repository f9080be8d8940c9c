	.text
	.globl sink
	.type sink, @function
sink:
	mov %edi, %eax
	add $2, %eax
	jmp middle
middle:
	ret
	.size sink, . - sink
	.globl __fentry__
	.type __fentry__, @function
__fentry__:
	ret
	.size __fentry__, . - __fentry__
	.globl label
label:
	nop
	ret
