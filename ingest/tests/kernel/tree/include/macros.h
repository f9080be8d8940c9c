int sink(int value);
void enter(void);
#define noinline __attribute__((noinline))
#define always_inline inline __attribute__((always_inline))
#define noinstr __attribute__((no_instrument_function))
#define SYSCALL_STUBS(name) \
	long __x64_sys_##name(const long *regs) { return __se_sys_##name(regs[0], regs[1]); } \
	long __ia32_sys_##name(const long *regs) { return __se_sys_##name((int)regs[2], (int)regs[3]); }
#define SYSCALL_DEFINE2(name, type_a, a, type_b, b) \
	static always_inline long __se_sys_##name(long a, long b); \
	static KEPT long __do_sys_##name(type_a a, type_b b); \
	SYSCALL_STUBS(name) \
	static always_inline long __se_sys_##name(long a, long b) { return __do_sys_##name((type_a)a, (type_b)b); } \
	static KEPT long __do_sys_##name(type_a a, type_b b)
#define DEFINE_IDTENTRY(func) \
	static always_inline void __##func(long *regs); \
	noinstr void func(long *regs) { enter(); __##func(regs); enter(); } \
	static always_inline void __##func(long *regs)
#define DEFINE_IDTENTRY_SYSVEC(func) \
	static noinline void __##func(long *regs); \
	noinstr void func(long *regs) { enter(); __##func(regs); enter(); } \
	static noinline void __##func(long *regs)
#define BPF_CALL_2(name, type_a, a, type_b, b) \
	static always_inline long ____##name(type_a a, type_b b); \
	long name(long a, long b) { return ____##name((type_a)a, (type_b)b); } \
	static always_inline long ____##name(type_a a, type_b b)
#define SHOW_FUNCTION(name) \
	int name##_show(int value) { if (value) return sink(value); return name; } \
	int name##_store(int value) { return sink(value + name); }
