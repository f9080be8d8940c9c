#include "macros.h"
#include "events.h"

#define KEPT always_inline
SYSCALL_DEFINE2(inlined, int, fd, int, flags)
{
	if (fd < 0 || flags)
		return -9;
	return sink(fd);
}
#undef KEPT
#define KEPT noinline

SYSCALL_DEFINE2(kept, int, fd,
		int, flags)
{
	while (fd > 0)
		fd = sink(fd);
	return flags ? fd : 0;
}

DEFINE_IDTENTRY(exc_inlined)
{
	if (regs[0])
		sink((int)regs[1]);
}

DEFINE_IDTENTRY_SYSVEC(sysvec_kept)
{
	for (int turn = 0; turn < 3; turn++)
		sink((int)regs[turn]);
}

BPF_CALL_2(bpf_helper, int, map, int, key)
{
	switch (key) {
	case 1:
		return sink(map);
	case 2:
		return sink(map) + 1;
	default:
		return 0;
	}
}

static int age, size;
SHOW_FUNCTION(age)
SHOW_FUNCTION(size)
