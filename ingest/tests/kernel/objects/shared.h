int sink(int value);
static inline __attribute__((always_inline)) int inner(int value)
{
	return sink(value) + 1;
}
static inline __attribute__((always_inline)) int twice(int value)
{
	return inner(value) + inner(value + 3);
}
static __attribute__((noinline)) int local_copy(int value)
{
	return sink(value) * 5;
}
