// The kernel as a map: part of the source tree > file > function, as large as its source, as dark as it is exposed.

/// Steps of exposure: upper bounds of the share of runs that reach the code.
const exposureSteps = [[0, "not reached"], [0.1, "to 10 %"], [0.25, "to 25 %"], [0.5, "to 50 %"], [0.75, "to 75 %"], [1, "to 100 %"]];
/// Steps of the difference of two exposures: upper bounds, from B alone to A alone.
const differenceSteps = [[-0.5, "d1"], [-0.1, "d2"], [0.1, "d3"], [0.5, "d4"], [1, "d5"]];

hap.treemap = (section) => {
  const chosen = { a: mostExposed(), b: undefined, workload: undefined, whole: false, path: [] };
  const legend = hap.el("div", { class: "legend" });
  const path = hap.el("div", { class: "path", role: "group", "aria-label": "Place in the kernel" });
  const { figure, plot } = hap.figure("", "Map of the kernel's source tree; the functions table below has the same facts");
  plot.classList.add("map");
  const note = hap.el("p", { class: "note" });
  const options = hap.el("div", { class: "options" });
  section.append(
    ...hap.head(section, "Area: source lines. Colour: exposure, the share of the runs that reach a function; of a file, the mean over its lines. Click to go into a part, or choose it from the list."),
    options, path, legend, figure, note);

  const draw = () => {
    const nodes = mapNodes(chosen);
    const specification = hap.specification("treemap");
    specification.data[0].values = nodes.map(({ id, parent, name, size, leaf, colour, tip, order, top }) => ({ id, parent, name, size, leaf, colour, tip, order, top }));
    hap.draw(plot, specification, false).then((view) =>
      view.addSignalListener("picked", (_, top) => {
        if (top !== null && top !== undefined) go([...chosen.path, top]);
      }));
    legend.replaceChildren(...legendOf(chosen));
    path.replaceChildren(...pathOf(chosen, nodes, go));
    note.textContent = noteOf(chosen);
  };
  const go = (target) => {
    if (target.length > 2) return;
    chosen.path = target;
    draw();
  };
  const set = (name) => (value) => {
    chosen[name] = value;
    draw();
  };
  const runtimes = hap.runtimes.map((runtime) => [runtime, hap.label(runtime)]);
  options.append(
    hap.select("runtime A", runtimes, chosen.a, set("a"), "map-a"),
    hap.select("compared with B", [[undefined, "nothing: exposure of A"], ...runtimes.map(([value, text]) => [value, `A less ${text}`])], chosen.b, set("b"), "map-b"),
    hap.select("workload", [[undefined, "all"], ...hap.workloads.map((workload) => [workload, hap.label(workload)])], chosen.workload, set("workload"), "map-workload"),
    hap.data.files.path.length === 0 ? "" :
      hap.select("area", [[false, "functions that some run reached"], [true, "the whole kernel and its modules"]], chosen.whole, set("whole"), "map-area"));
  draw();
};

/// The runtime with the highest mean under the first workload that has figures.
function mostExposed() {
  const figures = hap.workloads.map((workload) => hap.ordered(workload)).find((ordered) => ordered.length > 0) ?? [];
  return figures.length > 0 ? figures[figures.length - 1].runtime : hap.runtimes[0];
}

/// The groups of a runtime under the chosen workload, and how many runs they have.
function groupsOf(runtime, workload) {
  const indices = new Set();
  let runs = 0;
  hap.data.groups.forEach((group, index) => {
    if (group.runtime !== runtime || (workload !== undefined && group.workload !== workload)) return;
    indices.add(index);
    runs += group.runs;
  });
  return { indices, runs };
}

/// Share of the runs of some groups that reach a function.
function shareOf(reach, { indices, runs }) {
  let reached = 0;
  for (let at = 0; at < reach.length; at += 3) if (indices.has(reach[at])) reached += reach[at + 1];
  return runs === 0 ? 0 : reached / runs;
}

const noFile = "(no source file)";
const partOf = (file) => hap.partOfFile.get(file) ?? noFile;
hap.partOfFile = new Map(hap.data.files.path.map((path, index) => [path, hap.data.files.part[index]]));

/// The functions of the map with their shares.
function mapFunctions({ a, b, workload }) {
  const [groupsA, groupsB] = [groupsOf(a, workload), b === undefined ? null : groupsOf(b, workload)];
  const { functions } = hap.data;
  return functions.module.map((module, index) => {
    const file = functions.file[index] ?? noFile;
    const reach = functions.reach[index];
    return {
      name: functions.function[index] ?? `${module}+0x${functions.address[index].toString(16)}`,
      module, file, part: partOf(file), lines: functions.lines[index] ?? 0,
      a: shareOf(reach, groupsA), b: groupsB === null ? 0 : shareOf(reach, groupsB), index,
    };
  }).filter((each) => each.lines > 0);
}

/// The nodes of the map below the chosen place: id, parent, name, size, colour, tip.
function mapNodes(place) {
  const runsOf = (runtime) => groupsOf(runtime, place.workload).runs;
  const chosen = { ...place, runs: { a: runsOf(place.a), b: runsOf(place.b) } };
  const reached = mapFunctions(chosen);
  const [part, file] = chosen.path;
  const inside = reached.filter((each) => (part === undefined || each.part === part) && (file === undefined || each.file === file));
  const leaves = chosen.whole ? wholeLeaves(inside, chosen) : inside.map((each) => functionLeaf(each, chosen));
  return hierarchy(leaves, chosen);
}

function functionLeaf(each, chosen) {
  return {
    keys: [each.part, each.file, `f${each.index}`], name: each.name, size: each.lines, a: each.a, b: each.b,
    tip: tipOf(chosen, { function: each.name, module: each.module, file: each.file, lines: hap.counted(each.lines, "line") }, each),
  };
}

/// Files of the whole kernel; within a file its functions, and the rest of it as one.
function wholeLeaves(inside, chosen) {
  const [part, file] = chosen.path;
  const sums = new Map();
  for (const each of inside) {
    const sum = sums.get(each.file) ?? { a: 0, b: 0, lines: 0, count: 0 };
    sums.set(each.file, { a: sum.a + each.a * each.lines, b: sum.b + each.b * each.lines, lines: sum.lines + each.lines, count: sum.count + 1 });
  }
  const { files } = hap.data;
  const leaves = [];
  files.path.forEach((path, index) => {
    const lines = files.lines[index];
    if (lines === 0 || (part !== undefined && files.part[index] !== part) || (file !== undefined && path !== file)) return;
    const sum = sums.get(path) ?? { a: 0, b: 0, lines: 0, count: 0 };
    if (file !== undefined) {
      leaves.push(...inside.map((each) => functionLeaf(each, chosen)));
      if (lines > sum.lines) leaves.push(restLeaf(files.part[index], path, lines - sum.lines, chosen));
      return;
    }
    const shares = { a: sum.a / lines, b: sum.b / lines };
    const facts = { file: path, lines: hap.counted(lines, "line"), functions: `${hap.whole(sum.count)} of ${hap.whole(files.functions[index])} reached by some run` };
    leaves.push({ keys: [files.part[index], path], name: path.split("/").pop(), size: lines, ...shares, tip: tipOf(chosen, facts, shares) });
  });
  return leaves;
}

function restLeaf(part, file, lines, chosen) {
  const shares = { a: 0, b: 0 };
  return { keys: [part, file, "rest"], name: "reached by no run", size: lines, ...shares, tip: tipOf(chosen, { file, functions: "reached by no run", lines: hap.counted(lines, "line") }, shares) };
}

function tipOf({ a, b, runs }, facts, shares) {
  const text = (share, count) => `${hap.percent(share)} of ${hap.counted(count, "run")}`;
  const tip = { ...facts, [`reached by A = ${hap.label(a)}`]: text(shares.a, runs.a) };
  if (b !== undefined) tip[`reached by B = ${hap.label(b)}`] = text(shares.b, runs.b);
  return tip;
}

/// Leaves and what holds them, down from the chosen place.
function hierarchy(leaves, chosen) {
  const depth = chosen.path.length;
  const nodes = new Map([["root", { id: "root", parent: null, name: "kernel", leaf: false, order: 0 }]]);
  for (const leaf of leaves) {
    const keys = leaf.keys.slice(depth);
    keys.forEach((key, level) => {
      const id = JSON.stringify(leaf.keys.slice(0, depth + level + 1));
      if (nodes.has(id)) return;
      const parent = level === 0 ? "root" : JSON.stringify(leaf.keys.slice(0, depth + level));
      const isLeaf = level === keys.length - 1;
      const name = isLeaf ? leaf.name : nameOf(key, depth + level);
      nodes.set(id, { id, parent, name, leaf: isLeaf, order: nodes.size, top: keys[0], ...(isLeaf ? { size: leaf.size, tip: leaf.tip, colour: colourOf(leaf, chosen), a: leaf.a } : {}) });
    });
  }
  return [...nodes.values()];
}

const nameOf = (key, level) => (level === 1 ? key.split("/").pop() : key);

function colourOf({ a, b }, chosen) {
  if (a === 0 && (chosen.b === undefined || b === 0)) return "var(--e0)";
  if (chosen.b === undefined) return `var(--e${exposureSteps.findIndex(([bound]) => a <= bound + 1e-9)})`;
  return `var(--${differenceSteps.find(([bound]) => a - b <= bound + 1e-9)[1]})`;
}

function legendOf({ a, b }) {
  const entry = (name, text) => {
    const swatch = hap.el("i", { class: "swatch" });
    swatch.style.background = `var(--${name})`;
    return hap.el("span", {}, swatch, text);
  };
  if (b === undefined) {
    return [hap.el("span", {}, `share of the runs of ${shortened(hap.label(a), 30)}:`), ...exposureSteps.map(([, text], index) => entry(`e${index}`, text))];
  }
  const [nameA, nameB] = [shortened(hap.label(a), 24), shortened(hap.label(b), 24)];
  return [
    entry("d1", `${nameB} by more than 50 points`), entry("d2", `${nameB} by 10 to 50`), entry("d3", "alike"),
    entry("d4", `${nameA} by 10 to 50`), entry("d5", `${nameA} by more than 50 points`), entry("d0", "neither"),
  ];
}

/// Where we are, and where one can go from here.
function pathOf(chosen, nodes, go) {
  const names = ["kernel", ...chosen.path.map((key, level) => nameOf(key, level))];
  const step = (name, index) => hap.el("button", { type: "button", disabled: index === chosen.path.length, on: { click: () => go(chosen.path.slice(0, index)) } }, hap.cut(name));
  const crumbs = names.flatMap((name, index) => (index === 0 ? [step(name, index)] : [hap.el("span", { "aria-hidden": "true" }, "›"), step(name, index)]));
  if (chosen.path.length >= 2) return crumbs;
  const tops = nodes.filter((node) => node.parent === "root").map((node) => [node.top, node.name]);
  tops.sort((left, right) => (left[1] < right[1] ? -1 : 1));
  return [...crumbs, hap.el("span", { "aria-hidden": "true" }, "›"), hap.select("", [[undefined, `go into one of ${hap.whole(tops.length)}`], ...tops], undefined, (top) => top !== undefined && go([...chosen.path, top]), "map-into")];
}

function noteOf({ a, b, workload, whole }) {
  const runs = (runtime) => `${hap.label(runtime)}: ${hap.counted(groupsOf(runtime, workload).runs, "run")}`;
  const { lines } = hap.data.functions;
  const without = lines.filter((count) => count === null || count === 0).length;
  const held = whole
    ? `The map holds ${hap.counted(hap.data.files.lines.reduce((sum, count) => sum + count, 0), "source line")} of ${hap.counted(hap.data.files.path.length, "file")}.`
    : `The map holds ${hap.counted(lines.length - without, "function")} with ${hap.counted(lines.reduce((sum, count) => sum + (count ?? 0), 0), "source line")}.`;
  return `${[a, b].filter((runtime) => runtime !== undefined).map(runs).join("; ")}. ${held} ${hap.counted(without, "function")} without a known extent ${without === 1 ? "is" : "are"} not on it.`;
}
