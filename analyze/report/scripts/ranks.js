// What the weights change: the order of the runtimes under each metric and density.
hap.ranks = (section) => {
  const plots = hap.el("div", { class: "plots" });
  section.append(
    ...hap.head(section, "The order of the runtimes, unweighted (functions, lines, executable lines, complexity) against weighted by bug density: expected bugs, and bugs per 1,000 lines. Lines that cross are orders that change; a change against the order by lines of code is clear where the intervals are apart."),
    plots);
  for (const workload of hap.workloads) {
    const title = hap.el("h3", {}, hap.cut(hap.label(workload), "wide"));
    const { figure, plot } = hap.figure(title, `Ranks of the runtimes under ${hap.label(workload)}; the table below has them`);
    const rows = rankRows(workload);
    figure.append(hap.fold("Ranks, figures and clear changes as a table", rankTable(workload), changesText(workload)));
    plots.append(figure);
    const specification = hap.specification("ranks");
    specification.height = 32 * Math.max(...rows.map((row) => row.rank));
    specification.datasets = { rows };
    hap.draw(plot, specification);
  }
};

/// Amounts, unweighted and weighted, then figures per 1,000 lines. A uniform density repeats the lines.
const rankedMetrics = () => {
  const isRatio = (metric) => metric.name.endsWith("_per_1000_lines");
  const ranked = hap.data.metrics.filter((metric) => metric.name !== "weighted_uniform");
  return [...ranked.filter((metric) => !isRatio(metric)), ...ranked.filter(isRatio)];
};

/// A metric in few characters.
function metricTick(metric) {
  const [, model, ratio] = /^weighted_([a-z]+?)(_per_1000_lines)?$/.exec(metric.name) ?? [];
  if (model === undefined) return metric.title;
  return ratio ? `${model} / 1,000` : `bugs, ${model}`;
}

function rankRows(workload) {
  const metrics = rankedMetrics();
  return metrics.flatMap((metric, order) =>
    hap.ordered(workload, metric.name).map((figure, index) => ({
      runtime: hap.label(figure.runtime),
      metric: metricTick(metric),
      order,
      rank: index + 1,
      last: order === metrics.length - 1,
      colour: hap.colour(figure.runtime),
      shape: hap.shape(figure.runtime),
      mean_text: hap.mean(figure),
      interval_text: hap.interval(figure),
      runs_text: hap.whole(figure.runs),
    })));
}

/// One row a runtime, one column a metric: rank and figure.
function rankTable(workload) {
  const metrics = rankedMetrics();
  const orders = new Map(metrics.map((metric) => [metric.name, hap.ordered(workload, metric.name)]));
  const rows = hap.ordered(workload, metrics[0].name).map((figure) => figure.runtime);
  const cell = (metric, runtime) => {
    const ordered = orders.get(metric.name);
    const rank = ordered.findIndex((figure) => figure.runtime === runtime);
    return rank < 0 ? "-" : `${rank + 1}: ${hap.value(ordered[rank].mean, metric.name)}`;
  };
  const columns = [
    { title: "runtime", cell: (runtime) => hap.cut(hap.label(runtime)) },
    { title: "runs", number: true, cell: (runtime) => hap.whole(orders.get(metrics[0].name).find((figure) => figure.runtime === runtime).runs) },
    ...metrics.map((metric) => ({ title: metricTick(metric), unit: metric.unit, number: true, cell: (runtime) => cell(metric, runtime) })),
  ];
  return hap.table(`Rank and mean under ${hap.label(workload)}`, columns, rows);
}

/// The changes against the order by lines whose intervals are apart.
function changesText(workload) {
  const texts = rankedMetrics().flatMap((metric) => {
    const changes = hap.order(workload, metric.name).changes.map((pair) => pair.map((index) => hap.data.figures[index]));
    return changes.length === 0 ? [] : [hap.el("dt", {}, metricTick(metric)), hap.el("dd", {}, changes.map(([less, more]) => `${hap.label(less.runtime)} below ${hap.label(more.runtime)}`).join(", "))];
  });
  if (texts.length === 0) return hap.el("p", { class: "note" }, "No change against the order by lines of code is clear.");
  return [hap.el("p", { class: "note" }, "Clear changes against the order by lines of code:"), hap.el("dl", { class: "notes" }, texts)];
}
