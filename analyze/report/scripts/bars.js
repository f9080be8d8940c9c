// The Horizontal Attack Profile as bars: one plot a workload, the least exposed runtime first.
hap.bars = (section) => {
  const plots = hap.el("div", { class: "plots" });
  const explanation = hap.el("p", { class: "muted" });
  section.append(...hap.head(section), explanation, plots);
  const drawn = hap.workloads.map((workload) => {
    const title = hap.el("h3", {}, hap.cut(hap.label(workload), "wide"));
    const order = hap.el("p", { class: "note order" });
    const { figure, plot } = hap.figure([title, order], `Bars of the runtimes under ${hap.label(workload)}; the table below has the figures`);
    const table = hap.el("div");
    figure.append(hap.fold("Figures as a table", table));
    plots.append(figure);
    return { workload, order, plot, table };
  });
  hap.onMetric(() => {
    const metric = hap.metric();
    explanation.textContent =
      `Bar: mean over runs, in ${metric.unit}; line: 95 % bootstrap interval of the mean; dots: single runs. The highlighted bar exposes least. Between runtimes stands P(A < B), how often the first has the smaller mean in resamples of the runs. One scale for all workloads.`;
    const top = Math.max(...hap.data.figures.filter((figure) => figure.metric === metric.name).flatMap((figure) => [figure.mean, figure.high, ...hap.valuesOf(figure)]), 1e-9);
    for (const { workload, order, plot, table } of drawn) {
      const figures = hap.ordered(workload);
      order.replaceChildren(...orderText(workload, figures));
      table.replaceChildren(figuresTable(workload, figures, metric));
      const specification = hap.withParameters(hap.specification("bars"), { top, title: `mean over runs, ${metric.unit}` });
      hap.dropLayer(specification, "intervals", !figures.some((figure) => figure.low !== null));
      specification.height = 28 * figures.length;
      specification.datasets = { rows: figures.map(barRow) };
      hap.draw(plot, specification);
    }
  });
};

/// The runtimes, the least exposed first, with P(A < B) between them.
function orderText(workload, figures) {
  const { steps } = hap.order(workload);
  return figures.flatMap((figure, index) => {
    const name = hap.cut(hap.label(figure.runtime));
    if (index === 0) return [name];
    const { p_less: probability } = steps[index - 1];
    const sign = probability === null ? "< " : `< (${hap.decimal(probability, 2)}) `;
    return [" ", hap.el("span", { class: "step" }, sign, name)];
  });
}

function barRow(figure, rank) {
  return {
    rank,
    runtime: hap.label(figure.runtime),
    label: `${shortened(hap.label(figure.runtime), 18)}  (${hap.runs(figure)})${"\u200b".repeat(rank)}`,
    mean: figure.mean,
    low: figure.low,
    high: figure.high,
    values: hap.valuesOf(figure),
    mean_text: hap.mean(figure),
    interval_text: hap.interval(figure),
    runs_text: hap.whole(figure.runs),
    union_text: hap.set(figure.union, figure),
    core_text: hap.set(figure.core, figure),
  };
}

/// A text of so many characters at most.
function shortened(text, length) {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`;
}

/// The rows of `hap-analyze hap` for a workload.
function figuresTable(workload, figures, metric) {
  const number = (title, unit, value, text) => ({ title, unit, number: true, value, cell: text });
  const next = (figure) => hap.order(workload).steps[figures.indexOf(figure)];
  const columns = [
    { title: "runtime", cell: (figure) => hap.cut(hap.label(figure.runtime)) },
    number("runs", "", (figure) => figure.runs, (figure) => hap.whole(figure.runs)),
    number("mean", metric.unit, (figure) => figure.mean, (figure) => hap.value(figure.mean, metric.name)),
    number("std. dev.", metric.unit, (figure) => figure.stddev, (figure) => hap.value(figure.stddev, metric.name)),
    number("95 % interval", metric.unit, (figure) => `${figure.low} ${figure.high}`, hap.interval),
    number("P(A < B)", "B is the next", (figure) => next(figure)?.p_less, (figure) => probabilityText(next(figure)?.p_less)),
    number("any run", metric.unit, (figure) => figure.union, (figure) => setText(figure.union, metric)),
    number("every run", metric.unit, (figure) => figure.core, (figure) => setText(figure.core, metric)),
    number("in one run", "functions", (figure) => figure.singletons, (figure) => hap.whole(figure.singletons)),
    number("lost", "events", (figure) => figure.events_lost, (figure) => hap.whole(figure.events_lost)),
  ];
  return hap.table(`${metric.title} under ${hap.label(workload)}`, columns, figures, { class: "figures" });
}

function setText(value, metric) {
  if (value === null) return "-";
  return hap.decimal(value, metric.whole ? 0 : hap.places(metric.name));
}

const probabilityText = (probability) => (probability === null || probability === undefined ? "-" : hap.decimal(probability, 2));
