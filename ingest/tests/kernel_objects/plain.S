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
	.globl label
label:
	nop
	ret
