// The runs that the figures are made of.
hap.runsTable = (section) => {
  const body = hap.el("div");
  section.append(...hap.head(section, "Every run with its labels, what it lost, its own figure, and its threads (role: name, number of threads)."), hap.fold(`${hap.counted(hap.data.runs.length, "run")} as a table`, body));
  hap.onMetric(() => {
    const metric = hap.metric();
    const index = hap.data.metrics.indexOf(metric);
    const number = (title, unit, value, text) => ({ title, unit, number: true, value, cell: text });
    const whole = (value) => (value === null ? "-" : hap.whole(value));
    const columns = [
      { title: "run", cell: (run) => hap.cut(run.id, "wide") },
      { title: "runtime", cell: (run) => hap.cut(hap.label(hap.data.groups[run.group].runtime)) },
      { title: "workload", cell: (run) => hap.cut(hap.label(hap.data.groups[run.group].workload)) },
      { title: "labels", cell: (run) => hap.cut(Object.entries(run.labels).map(([key, value]) => `${key}=${value}`).join(", ")) },
      number("duration", "s", (run) => run.duration_ns, (run) => (run.duration_ns === null ? "-" : hap.decimal(run.duration_ns / 1e9, 2))),
      number("calls", "function calls", (run) => run.function_events, (run) => whole(run.function_events)),
      number("lost", "events", (run) => run.events_lost, (run) => whole(run.events_lost)),
      number("requests", "served", (run) => run.requests, (run) => (run.requests === null ? "not recorded" : whole(run.requests))),
      number(metric.title, metric.unit, (run) => run.figures[index], (run) => hap.value(run.figures[index], metric.name)),
      { title: "threads", cell: (run) => hap.cut(run.threads.map(threadText).join(", "), "wide") },
    ];
    body.replaceChildren(hap.table("Runs", columns, hap.data.runs));
  });
};

function threadText({ role, comm, threads }) {
  return `${role}: ${comm ?? "(no name)"}${threads === 1 ? "" : ` ×${hap.whole(threads)}`}`;
}
