#include "shared.h"
const char linux_banner[] = "Linux version 6.1.0-test (me@here) #1 SMP\n";
void fail(int value);
__attribute__((weak)) int second(int value)
{
	return value - 2;
}
static __attribute__((noinline)) int same_name(int value)
{
	return sink(value - 1);
}
int fourth(int value)
{
	return local_copy(value) - same_name(value);
}
void fail(int value)
{
	sink(value);
}
