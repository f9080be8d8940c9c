// Builds the page, section by section, in the order of the template.
hap.sections = {
  verdict: hap.verdict, bars: hap.bars, curves: hap.curves, similarity: hap.similarity, treemap: hap.treemap, ranks: hap.ranks, functions: hap.functions, runs: hap.runsTable, limits: hap.limits,
};

hap.start = () => {
  hap.theme.start();
  const select = document.getElementById("metric");
  hap.data.metrics.forEach((metric) => select.append(hap.el("option", { value: metric.name, selected: metric.name === hap.state.metric }, metric.title)));
  select.addEventListener("change", () => hap.chooseMetric(select.value));
  for (const section of document.querySelectorAll("main > section")) {
    section.setAttribute("aria-labelledby", `${section.id}-title`);
    document.getElementById("contents").append(hap.el("a", { href: `#${section.id}` }, section.dataset.title));
    hap.sections[section.id](section);
  }
};

hap.start();
