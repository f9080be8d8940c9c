/* Counts the events of a trace.dat by name, as KernelShark's library reads them: count FILE prints "EVENT COUNT" lines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libkshark.h>

struct count {
	char *event;
	unsigned long events;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct count *)a)->event, ((const struct count *)b)->event);
}

/* Counts one more of an event. A trace has a handful of kinds. */
static size_t add(struct count *counts, size_t known, size_t room, char *event)
{
	size_t i;

	for (i = 0; i < known; i++) {
		if (strcmp(counts[i].event, event) == 0) {
			counts[i].events++;
			free(event);
			return known;
		}
	}
	if (known == room) {
		fprintf(stderr, "more than %zu kinds of events\n", room);
		exit(2);
	}
	counts[known].event = event;
	counts[known].events = 1;
	return known + 1;
}

static void count(struct kshark_context *context, const char *file)
{
	struct kshark_entry **entries = NULL;
	struct count counts[256];
	size_t known = 0, i;
	ssize_t total, entry;
	int stream = kshark_open(context, file);

	if (stream < 0) {
		fprintf(stderr, "%s: cannot be opened: %d\n", file, stream);
		exit(2);
	}
	total = kshark_load_entries(context, stream, &entries);
	if (total < 0) {
		fprintf(stderr, "%s: cannot be loaded: %zd\n", file, total);
		exit(2);
	}
	for (entry = 0; entry < total; entry++) {
		known = add(counts, known, sizeof(counts) / sizeof(*counts), kshark_get_event_name(entries[entry]));
		free(entries[entry]);
	}
	free(entries);
	qsort(counts, known, sizeof(*counts), by_name);
	for (i = 0; i < known; i++) {
		printf("%s %lu\n", counts[i].event, counts[i].events);
		free(counts[i].event);
	}
	kshark_close(context, stream);
}

int main(int argc, char **argv)
{
	struct kshark_context *context = NULL;

	if (argc != 2 || !kshark_instance(&context))
		return 2;
	count(context, argv[1]);
	kshark_free(context);
	return 0;
}
