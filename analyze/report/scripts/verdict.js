// The verdict: which runtime exposes least on which workload, by how much, how sure that is, and why it may be wrong.
hap.verdict = (section) => {
  const table = hap.el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Verdict by workload" });
  const lead = hap.el("p", { class: "lead" });
  const { runs, release, warnings } = hap.data;
  section.append(...hap.head(section), lead, table, survivals(hap.data.survivals), reasons(warnings));

  hap.onMetric(() => {
    const metric = hap.metric();
    lead.replaceChildren(
      `Host-kernel code that ${hap.counted(hap.runtimes.length, "runtime")} reached under ${hap.counted(hap.workloads.length, "workload")}, `,
      `in ${hap.counted(runs.length, "run")} on ${release === null ? "a kernel without a table" : `Linux ${release}`}, measured in `,
      hap.el("strong", {}, metric.title), `: ${metric.definition}. A figure is the mean over runs; less is better. P(A < B) is the share of bootstrap resamples of the runs in which A's mean is the smaller one.`);
    table.replaceChildren(verdictTable(metric));
  });
};

/// One row a workload.
function verdictTable(metric) {
  const headings = ["Workload", "A exposes least", "B comes next", "By how much", "How sure", "Why it may be wrong"];
  const rows = hap.workloads.map((workload) => verdictRow(workload, metric, headings));
  return hap.el("table", { class: "verdict" },
    hap.el("thead", {}, hap.el("tr", {}, headings.map((heading) => hap.el("th", { scope: "col" }, heading)))),
    hap.el("tbody", {}, rows));
}

function verdictRow(workload, metric, headings) {
  const [least, next] = hap.ordered(workload);
  const cell = (index, ...children) => hap.el("td", { "data-heading": headings[index] }, ...children);
  return hap.el("tr", { "data-workload": hap.label(workload) },
    hap.el("th", { scope: "row" }, hap.cut(hap.label(workload))),
    cell(1, least ? [hap.el("span", { class: "least" }, hap.cut(hap.label(least.runtime))), figureText(least)] : "no figure"),
    cell(2, next ? [hap.cut(hap.label(next.runtime)), figureText(next)] : "no other runtime"),
    cell(3, next ? howMuch(workload, metric) : "-"),
    cell(4, next ? howSure(workload, [least, next]) : "-"),
    cell(5, whyWrong(workload)));
}

function figureText(figure) {
  return [
    hap.el("span", { class: "sub figure", "data-value": figure.mean }, hap.mean(figure)),
    hap.el("span", { class: "sub" }, `95 %: ${hap.interval(figure)}; ${hap.runs(figure)}`),
  ];
}

function howMuch(workload, metric) {
  const { difference, share } = hap.order(workload).steps[0];
  return [
    hap.el("span", { class: "figure", "data-value": difference }, share === null ? "-" : `${hap.percent(share)} less`),
    hap.el("span", { class: "sub" }, hap.withUnit(difference, metric.name)),
  ];
}

const intervalTexts = { apart: "intervals apart", overlap: "intervals overlap", unknown: "no interval" };

/// Fewest runs of a group whose interval can be relied on.
const enoughRuns = 8;

function howSure(workload, figures) {
  const { steps, agreeing, amounts } = hap.order(workload);
  const [{ intervals, p_less: probability }] = steps;
  const fewest = Math.min(...figures.map((figure) => figure.runs));
  const sure = intervals === "apart" && fewest >= enoughRuns;
  return [
    probability === null ? null : hap.el("span", { class: "figure", "data-value": probability }, `P(A < B) = ${hap.decimal(probability, 2)}`),
    hap.el("span", { class: `sub ${sure ? "sure" : "unsure"}` }, intervalTexts[intervals]),
    fewest < enoughRuns ? hap.el("span", { class: "sub" }, `indicative: ${hap.counted(fewest, "run")} are few`) : null,
    survivalText(hap.survival(workload, ...figures.map((figure) => figure.runtime))),
    hap.el("span", { class: "sub" }, `least by ${agreeing} of ${hap.counted(amounts, "metric")}`),
  ];
}

const choicesOf = ({ kept, choices }) => `${kept} of ${hap.counted(choices, "choice")}`;

function survivalText(survival) {
  if (survival === undefined) return null;
  const { kept, choices } = survival;
  return hap.el("span", { class: `sub survival ${kept === choices ? "sure" : "unsure"}`, "data-value": `${kept} ${choices}` }, `survives ${choicesOf(survival)}`);
}

/// Every ordering with the choices that keep it.
function survivals(found) {
  if (found.length === 0) return null;
  const number = (title, value) => ({ title, number: true, value, cell: (row) => hap.decimal(value(row), 2) });
  const columns = [
    { title: "Workload", cell: (row) => hap.cut(row.workload) },
    { title: "A", cell: (row) => hap.cut(row.smaller) },
    { title: "B", cell: (row) => hap.cut(row.larger) },
    number("P(A < B)", (row) => row.p_less),
    number("least P(A < B)", (row) => row.least_p_less),
    { title: "survives", value: (row) => `${row.kept} ${row.choices}`, cell: choicesOf },
  ];
  const { title } = hap.metric(found[0].metric);
  const caption = `Orderings by ${title} under other contexts, roles, phases, metrics, densities, filters and losses, as hap-analyze sensitivity changes them one by one; workload all: over the workloads that every runtime has`;
  return hap.fold("Which orderings survive other choices", hap.table(caption, columns, found, { id: "survivals" }));
}

function whyWrong(workload) {
  const found = hap.data.warnings.filter((warning) => warning.workload === workload);
  if (found.length === 0) return hap.el("span", { class: "sub" }, "nothing known beyond the limits below");
  return hap.el("ul", {}, found.map((warning) => hap.el("li", { class: "flag", title: warning.text }, warning.short)));
}

/// The reasons in full.
function reasons(warnings) {
  const items = hap.workloads.flatMap((workload) => {
    const texts = warnings.filter((warning) => warning.workload === workload).map((warning) => hap.el("dd", {}, warning.text));
    return texts.length === 0 ? [] : [hap.el("dt", {}, hap.cut(hap.label(workload))), ...texts];
  });
  return items.length === 0 ? null : hap.fold("Why the figures may be wrong, in full", hap.el("dl", { class: "notes stacked" }, items));
}
