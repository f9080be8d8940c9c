// Plots: a specification and rows to a drawing of Vega, whose expressions are interpreted, so that the page runs no text as code.

/// Nothing is ever loaded.
const noLoader = {
  load: () => Promise.reject(new Error("this page loads nothing")),
  sanitize: () => Promise.reject(new Error("this page loads nothing")),
  http: null,
  file: null,
};

/// Shows the fields of a mark beside the pointer.
function showTooltip(_, event, __, value) {
  const tooltip = document.getElementById("tooltip");
  tooltip.hidden = value === null || value === undefined || value === "";
  if (tooltip.hidden) return;
  const fields = Object.entries(value).filter(([, text]) => text !== null && text !== "null");
  tooltip.replaceChildren(hap.el("dl", {}, fields.flatMap(([name, text]) => [hap.el("dt", {}, name), hap.el("dd", {}, String(text))])));
  const { clientX: x, clientY: y } = event;
  const { offsetWidth: width, offsetHeight: height } = tooltip;
  tooltip.style.left = `${Math.max(4, Math.min(x + 14, window.innerWidth - width - 8))}px`;
  tooltip.style.top = `${y + 16 + height > window.innerHeight ? Math.max(4, y - height - 10) : y + 16}px`;
}

/// A copy of a specification.
hap.specification = (name) => structuredClone(hap.specifications[name]);

/// Draws a specification of Vega, or of Vega-Lite where `lite` says so, into an element, in place of what was drawn there.
hap.draw = (element, specification, lite = true) => {
  element.view?.finalize();
  specification.description = element.dataset.description;
  const config = hap.specifications.theme;
  const compiled = lite ? vegaLite.compile(specification, { config }).spec : specification;
  element.view = new vega.View(vega.parse(compiled, lite ? undefined : config, { ast: true }), {
    expr: vegaInterpreter.expressionInterpreter,
    renderer: "svg",
    container: element,
    hover: true,
    loader: noLoader,
    tooltip: showTooltip,
    logLevel: vega.Warn,
  });
  return element.view.runAsync();
};

/// Sets parameters of a Vega-Lite specification.
hap.withParameters = (specification, values) => {
  for (const parameter of specification.params) {
    if (parameter.name in values) parameter.value = values[parameter.name];
  }
  return specification;
};

/// Takes out a layer that would have no marks, and so no extent.
hap.dropLayer = (specification, name, isEmpty) => {
  if (isEmpty) specification.layer = specification.layer.filter((layer) => layer.name !== name);
};

/// A figure with its caption and a place for the plot.
hap.figure = (title, description) => {
  const plot = hap.el("div", { class: "plot", "data-description": description });
  return { figure: hap.el("figure", {}, hap.el("figcaption", {}, title), plot), plot };
};
