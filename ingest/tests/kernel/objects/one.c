#include "shared.h"
__attribute__((cold)) void fail(int value);
static __attribute__((noinline)) int same_name(int value)
{
	return sink(value + 1);
}
int first(int value)
{
	if (value > 3)
		value = twice(value);
	return local_copy(value) + same_name(value);
}
int second(int value)
{
	return inner(value) + 7;
}
static __attribute__((noinline)) int scaled(int value, int by)
{
	int result = 0;
	for (int turn = 0; turn < by; turn++)
		result += sink(value + turn) / by + value % by;
	return result * by;
}
int third(int value)
{
	int sum = 0;
	for (int turn = 0; turn < value; turn++)
		sum += scaled(value + turn, 4);
	return sum;
}
static __attribute__((noinline)) int lone(int *value, int unused)
{
	return sink(*value) * 2;
}
int sixth(int value)
{
	return lone(&value, 2) + 1;
}
int (*pointer)(int, int) = scaled;
int split(int value)
{
	if (value == 9) {
		fail(value);
		return sink(value - 1) - 1;
	}
	return sink(value);
}
__attribute__((section(".init.text"))) int set_up(int value)
{
	return twice(value);
}
