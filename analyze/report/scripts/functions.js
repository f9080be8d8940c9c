// The functions that any run reached: search, filters, sorting, pages.
const pageRows = 50;

hap.functions = (section) => {
  const rows = functionRows();
  const columns = functionColumns();
  const shown = { text: "", by: undefined, not: undefined, workload: undefined, sort: 3, descending: true, page: 0 };
  const count = hap.el("p", { class: "muted", role: "status" });
  const table = hap.el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Functions" });
  const pages = hap.el("div", { class: "options pages" });

  const draw = () => {
    const found = sorted(rows.filter((row) => matches(row, shown)), columns[shown.sort], shown);
    const last = Math.max(0, Math.ceil(found.length / pageRows) - 1);
    shown.page = Math.min(shown.page, last);
    const from = shown.page * pageRows;
    count.textContent = `${hap.whole(found.length)} of ${hap.counted(rows.length, "function")}`;
    table.replaceChildren(functionTable(found.slice(from, from + pageRows), columns, shown, sortBy));
    pages.replaceChildren(
      hap.el("button", { type: "button", id: "page-before", disabled: shown.page === 0, on: { click: () => turn(-1) } }, "before"),
      hap.el("span", {}, found.length === 0 ? "none" : `${hap.whole(from + 1)} to ${hap.whole(Math.min(from + pageRows, found.length))}`),
      hap.el("button", { type: "button", id: "page-after", disabled: shown.page === last, on: { click: () => turn(1) } }, "after"));
  };
  const turn = (by) => {
    shown.page += by;
    draw();
    table.scrollIntoView({ block: "nearest" });
  };
  const sortBy = (index) => {
    shown.descending = shown.sort === index ? !shown.descending : Boolean(columns[index].number);
    shown.sort = index;
    shown.page = 0;
    draw();
    table.querySelectorAll("th button")[index].focus();
  };
  const set = (name) => (value) => {
    shown[name] = value;
    shown.page = 0;
    draw();
  };
  const runtimes = hap.runtimes.map((runtime) => [runtime, hap.label(runtime)]);
  const search = hap.el("input", { type: "search", id: "search", placeholder: "name, module or file", on: { input: (event) => set("text")(event.target.value.toLowerCase()) } });
  section.append(
    ...hap.head(section, "Every source function that any run reached. A function that a runtime never reached in few runs may still be reached in others: see the limits."),
    hap.el("div", { class: "options" },
      hap.el("label", {}, "search", search),
      hap.select("reached by", [[undefined, "any runtime"], ...runtimes], undefined, set("by"), "reached-by"),
      hap.select("and not by", [[undefined, "-"], ...runtimes], undefined, set("not"), "reached-not"),
      hap.select("under", [[undefined, "any workload"], ...hap.workloads.map((workload) => [workload, hap.label(workload)])], undefined, set("workload"), "reached-under")),
    count, table, pages);
  draw();
};

/// One row a function.
function functionRows() {
  const { functions, groups } = hap.data;
  return functions.module.map((module, index) => {
    const flat = functions.reach[index];
    const reach = [];
    for (let at = 0; at < flat.length; at += 3) reach.push({ group: groups[flat[at]], runs: flat[at + 1], calls: flat[at + 2] });
    const name = functions.function[index] ?? "";
    const file = functions.file[index] ?? "";
    return {
      name, module, file, line: functions.line[index], lines: functions.lines[index], complexity: functions.complexity[index],
      address: functions.address[index], bugs: functions.bugs.map(([, values]) => values[index]), reach,
      runtimes: new Set(reach.map((each) => each.group.runtime)).size,
      runs: reach.reduce((sum, each) => sum + each.runs, 0),
      calls: reach.reduce((sum, each) => sum + each.calls, 0),
      text: `${name}\n${module}\n${file}`.toLowerCase(),
    };
  });
}

function functionColumns() {
  const models = hap.data.functions.bugs.map(([model], index) => [model, index]).filter(([model]) => model !== "uniform");
  const number = (title, unit, value, text = (row) => (value(row) === null ? "-" : hap.whole(value(row)))) => ({ title, unit, number: true, value, cell: text });
  const total = hap.data.runs.length;
  return [
    { title: "function", value: (row) => row.name, cell: (row) => hap.cut(row.name === "" ? `+0x${row.address.toString(16)}` : row.name, "code wide") },
    { title: "module", value: (row) => row.module, cell: (row) => hap.cut(row.module, "code") },
    { title: "source", value: (row) => row.file, cell: (row) => hap.cut(row.file === "" ? "-" : `${row.file}${row.line === null ? "" : `:${row.line}`}`, "code wide") },
    number("extent", "lines of code", (row) => row.lines),
    number("complexity", "paths", (row) => row.complexity),
    ...models.map(([model, index]) => number(`bugs, ${model}`, "expected", (row) => row.bugs[index], (row) => (row.bugs[index] === null ? "-" : hap.decimal(row.bugs[index], 4)))),
    number("runtimes", `of ${hap.whole(hap.runtimes.length)}`, (row) => row.runtimes),
    number("runs", `of ${hap.whole(total)}`, (row) => row.runs),
    number("calls", "in all runs", (row) => row.calls),
  ];
}

function matches(row, { text, by, not, workload }) {
  if (text !== "" && !row.text.includes(text)) return false;
  const reachedBy = (runtime) => row.reach.some(({ group }) => (runtime === undefined || group.runtime === runtime) && (workload === undefined || group.workload === workload));
  return reachedBy(by) && (not === undefined || !reachedBy(not));
}

/// Missing values come last whatever the direction; equal ones by name.
function sorted(rows, column, { descending }) {
  const sign = descending ? -1 : 1;
  const compare = (left, right) => (left < right ? -1 : left > right ? 1 : 0);
  return rows.sort((left, right) => {
    const [a, b] = [column.value(left), column.value(right)];
    const missing = (a === null || a === "") - (b === null || b === "");
    return missing || sign * compare(a, b) || compare(left.name, right.name) || compare(left.address, right.address);
  });
}

function functionTable(rows, columns, { sort, descending }, sortBy) {
  const heading = (column, index) =>
    hap.el("th", { scope: "col", class: column.number ? "number" : null, "aria-sort": index === sort ? (descending ? "descending" : "ascending") : null },
      hap.el("button", { type: "button", on: { click: () => sortBy(index) } }, column.title),
      column.unit ? hap.el("span", { class: "unit" }, column.unit) : null);
  const cell = (column, row) => hap.el("td", { class: column.number ? "number" : null, "data-value": column.value(row) }, column.cell(row));
  return hap.el("table", {},
    hap.el("thead", {}, hap.el("tr", {}, columns.map(heading))),
    hap.el("tbody", {}, rows.map((row) => hap.el("tr", {}, columns.map((column) => cell(column, row))))));
}
