// Elements. Text becomes a text node or an attribute, never markup: names in captures are hostile.
hap.el = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") Object.entries(value).forEach(([event, listener]) => element.addEventListener(event, listener));
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
};

/// A text that is cut when it is long, whole in its title.
hap.cut = (text, className = "") => hap.el("span", { class: `cut ${className}`, title: text }, text);

/// A table: `columns` are { title, unit, number, cell(row), value(row) }; a cell is text or an element.
hap.table = (caption, columns, rows, attributes = {}) => {
  const heading = (column) =>
    hap.el("th", { scope: "col", class: column.number ? "number" : null }, column.title,
      column.unit ? hap.el("span", { class: "unit" }, column.unit) : null);
  const cell = (column, row) =>
    hap.el("td", { class: column.number ? "number" : null, "data-value": column.value?.(row) }, column.cell(row));
  return hap.el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    hap.el("table", attributes,
      hap.el("caption", {}, caption),
      hap.el("thead", {}, hap.el("tr", {}, columns.map(heading))),
      hap.el("tbody", {}, rows.map((row) => hap.el("tr", {}, columns.map((column) => cell(column, row)))))));
};

/// A list to choose from: `choices` are [value, text]; values are told by their position.
hap.select = (label, choices, chosen, onChange, id) => {
  const options = choices.map(([value, text], index) => hap.el("option", { value: index, selected: value === chosen }, text));
  const select = hap.el("select", { id, on: { change: () => onChange(choices[Number(select.value)][0]) } }, options);
  return hap.el("label", {}, label, select);
};

hap.fold = (title, ...children) => hap.el("details", {}, hap.el("summary", {}, title), ...children);

/// The heading of a section, with what it says.
hap.head = (section, ...texts) => [
  hap.el("h2", { id: `${section.id}-title` }, section.dataset.title),
  ...texts.map((text) => hap.el("p", { class: "muted" }, text)),
];
