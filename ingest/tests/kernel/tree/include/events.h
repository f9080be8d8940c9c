#define TRACE_EVENT(name, assign, print) \
	int __traceiter_##name(int value) { return sink(value) + 1; } \
	int trace_event_raw_event_##name(int value) { int entry = 0; assign return sink(entry); }

TRACE_EVENT(tree_grows,
	if (value > 3 && value < 9) {
		entry = value;
	},
	"value %d"
);
