#include "macros.h"
__attribute__((cold)) void enter(void);

static int parted(int *values, int count)
{
	if (!values)
		return 0;
	for (int turn = 0; turn < count; turn++) {
		values[turn] = sink(values[turn]) + sink(count) * sink(turn + 4);
		if (values[turn] > 40 && sink(values[turn]))
			values[turn] -= sink(values[turn + 1]);
		values[turn] += sink(values[turn] / 3) % (count + 1);
	}
	return sink(values[0]) + sink(values[1]) + sink(values[2]);
}

int (*pointer)(int *, int) = parted;

int caller(int *values, int count)
{
	return parted(values, count + 1) + 1;
}

int second_caller(int *values, int count)
{
	return parted(values, count + 2) + 2;
}

int chilled(int value)
{
	if (value == 9) {
		enter();
		return sink(value - 1) - 1;
	}
	return sink(value);
}

int target(int value)
{
	return sink(value) * 3;
}

int other_name(int value) __attribute__((alias("target")));
extern __typeof__(target) weak_name __attribute__((weak, alias("target")));
