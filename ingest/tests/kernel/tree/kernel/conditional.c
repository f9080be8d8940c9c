#include "macros.h"

#ifdef CONFIG_WIDE
int chosen(int value)
{
	return value ? sink(value) : 1;
}
#else
int chosen(int value)
{
	if (value && sink(value))
		return 2;
	return sink(value + 1);
}
#endif

int opened(int value)
{
#ifdef CONFIG_WIDE
	if (value > 2) {
#else
	if (value > 3 && sink(value)) {
#endif
		value = sink(value);
	}
	return value;
}

#ifdef CONFIG_WIDE
int headed(long value)
#else
int headed(int value)
#endif
{
	return sink((int)value) ? 1 : 2;
}

int narrowed(int value)
{
#if defined(CONFIG_WIDE) && CONFIG_WIDE > 1
	if (value)
		return 0;
#endif
#define LIMIT(v) ((v) > 7 ? 7 : (v))
	return sink(LIMIT(value));
}
