// Discovery: how many functions each run had found by when, and how many its group is estimated to have.
hap.curves = (section) => {
  const plots = hap.el("div", { class: "plots" });
  section.append(
    ...hap.head(section, "Functions that each run had found by when, in windows of equal length. A curve that still climbs at its end belongs to a run that was cut too early: its figure is a lower bound. A mark on the curve is where steady state begins."),
    hap.el("div", { class: "legend" }, hap.runtimes.map((runtime) => runtimeEntry(runtime))),
    plots);
  for (const workload of hap.workloads) {
    const { figure, plot } = hap.figure(hap.el("h3", {}, hap.cut(hap.label(workload), "wide")), `Discovery of functions over time under ${hap.label(workload)}; the table below has the estimates`);
    const rows = hap.data.runs.filter((run) => hap.data.groups[run.group].workload === workload).flatMap(curveRows);
    figure.append(hap.fold("Completeness as a table", completenessTable(workload)));
    plots.append(figure);
    if (rows.length === 0) {
      plot.replaceWith(hap.el("p", { class: "note" }, "These runs have no table of windows."));
      continue;
    }
    const specification = hap.specification("curves");
    hap.dropLayer(specification, "steady", !rows.some((row) => row.settles));
    specification.datasets = { rows };
    hap.draw(plot, specification);
  }
};

/// A runtime beside its colour.
function runtimeEntry(runtime) {
  const swatch = hap.el("i", { class: "swatch" });
  swatch.style.background = hap.colour(runtime);
  return hap.el("span", {}, swatch, hap.cut(hap.label(runtime)));
}

/// The points at which a run found something new, and its end.
function curveRows(run) {
  if (run.window_ns === null || run.new_functions.length === 0) return [];
  const { runtime } = hap.data.groups[run.group];
  const end = run.new_functions.length;
  const rows = [];
  let functions = 0;
  run.new_functions.forEach((found, window) => {
    functions += found;
    const isEnd = window === end - 1;
    const settles = run.steady_from === window;
    if (found === 0 && !isEnd && !settles) return;
    const seconds = ((window + 1) * run.window_ns) / 1e9;
    rows.push({
      run: run.id, runtime: hap.label(runtime), seconds, functions, end: isEnd, settles, colour: hap.colour(runtime), shape: hap.shape(runtime),
      seconds_text: `${hap.decimal(seconds, 1)} s`, functions_text: hap.counted(functions, "function"), steady: run.steady,
    });
  });
  return rows;
}

/// Seen, estimated and covered, per runtime.
function completenessTable(workload) {
  const groups = hap.data.groups.map((group, index) => ({ ...group, ...hap.data.completeness[index] })).filter((group) => group.workload === workload);
  const number = (title, unit, value, text) => ({ title, unit, number: true, value, cell: text });
  const percent = (value) => (value === null ? "-" : hap.percent(value, 1));
  const columns = [
    { title: "runtime", cell: (group) => hap.cut(hap.label(group.runtime)) },
    number("runs", "", (group) => group.runs, (group) => hap.whole(group.runs)),
    number("steady", "runs", (group) => group.steady_runs, (group) => hap.whole(group.steady_runs)),
    number("found", "functions", (group) => group.seen, (group) => hap.whole(group.seen)),
    number("estimate", "functions, Chao2", (group) => group.estimate, (group) => (group.estimate === null ? "-" : hap.whole(group.estimate))),
    number("95 % interval", "functions", (group) => `${group.low} ${group.high}`, (group) => (group.low === null ? "-" : `${hap.whole(group.low)} – ${hap.whole(group.high)}`)),
    number("coverage", "of incidences", (group) => group.coverage, (group) => percent(group.coverage)),
    number("95 % interval", "of incidences", (group) => `${group.coverage_low} ${group.coverage_high}`, (group) => (group.coverage_low === null ? "-" : `${percent(group.coverage_low)} – ${percent(group.coverage_high)}`)),
  ];
  return hap.table(`Completeness over the runs under ${hap.label(workload)}`, columns, groups, { class: "completeness" });
}
