// What the page shows, and how to find it.
hap.read = (id) => JSON.parse(document.getElementById(id).textContent);
hap.data = hap.read("data");
hap.specifications = hap.read("specifications");

/// The metric that the whole page is measured in, and whom to tell when it changes.
hap.state = { metric: hap.data.metrics.some((metric) => metric.name === "lines") ? "lines" : "functions", listeners: [] };

hap.chooseMetric = (name) => {
  hap.state.metric = name;
  hap.state.listeners.forEach((listener) => listener());
};

/// Runs `draw` now and whenever the metric changes.
hap.onMetric = (draw) => {
  hap.state.listeners.push(draw);
  draw();
};

hap.metric = (name = hap.state.metric) => hap.data.metrics.find((metric) => metric.name === name);

/// A label of a run for readers; runs may lack one.
hap.label = (value) => value ?? "(not named)";

const distinct = (values) => [...new Set(values)];
hap.runtimes = distinct(hap.data.groups.map((group) => group.runtime));
hap.workloads = distinct(hap.data.groups.map((group) => group.workload));

hap.order = (workload, metric = hap.state.metric) =>
  hap.data.orders.find((order) => order.workload === workload && order.metric === metric);

/// The figures of a workload under a metric, the least first.
hap.ordered = (workload, metric = hap.state.metric) =>
  (hap.order(workload, metric)?.figures ?? []).map((index) => hap.data.figures[index]);

/// How the ordering of two runtimes fares under other choices; none under a metric that is not that of the default.
hap.survival = (workload, smaller, larger, metric = hap.state.metric) =>
  hap.data.survivals.find((each) => each.metric === metric && each.workload === (workload ?? "-") && each.smaller === (smaller ?? "-") && each.larger === (larger ?? "-"));

/// The runs of a group, with their values under a metric.
hap.valuesOf = (figure) => {
  const metric = hap.data.metrics.findIndex((each) => each.name === figure.metric);
  const group = hap.data.groups.findIndex((each) => each.runtime === figure.runtime && each.workload === figure.workload);
  return hap.data.runs.filter((run) => run.group === group).map((run) => run.figures[metric]).filter((value) => value !== null);
};

/// A colour and a shape for each runtime, the same in every picture: 8 x 7 that differ in one of them.
const shapes = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right"];
hap.colour = (runtime) => `var(--c${hap.runtimes.indexOf(runtime) % 8})`;
hap.shape = (runtime) => shapes[hap.runtimes.indexOf(runtime) % shapes.length];
