// How alike the runtimes are: similarity of what they reach, and a tree that joins the most alike first.
const measures = [["jaccard", "Jaccard: shared / all functions"], ["weighted_jaccard", "Jaccard, weighted by lines"], ["overlap", "overlap: shared / the smaller set"]];
const similaritySteps = [0.2, 0.35, 0.5, 0.65, 0.8, 1];

hap.similarity = (section) => {
  const { trees } = hap.data.similarity;
  if (trees.length === 0) {
    section.append(...hap.head(section, "There are fewer than two groups to compare."));
    return;
  }
  const chosen = { tree: trees[0], measure: "jaccard" };
  const matrix = hap.figure(hap.el("h3", {}, "Matrix"), "Similarity of every two groups; the table below has the figures");
  const tree = hap.figure(hap.el("h3", {}, "Tree"), "Tree of the groups, the most alike joined first; the table below has the similarities");
  const table = hap.el("div");
  const draw = () => {
    const leaves = leavesOf(chosen.tree.tree);
    drawMatrix(matrix.plot, leaves, chosen.measure);
    drawTree(tree.plot, chosen.tree.tree, leaves);
    table.replaceChildren(similarityTable(leaves, chosen.measure));
  };
  const set = (name) => (value) => {
    chosen[name] = value;
    draw();
  };
  section.append(
    ...hap.head(section, "Similarity of the functions that any run of two groups reached, 0 to 1, with a bootstrap interval over runs. The tree joins groups by their mean Jaccard similarity (average linkage)."),
    hap.el("div", { class: "options" },
      hap.select("groups", trees.map((each) => [each, each.workload_known ? hap.label(each.workload) : "all runtimes and workloads"]), chosen.tree, set("tree"), "similarity-groups"),
      hap.select("measure of the matrix", measures, chosen.measure, set("measure"), "similarity-measure")),
    hap.el("div", { class: "plots" }, matrix.figure, tree.figure),
    hap.fold("Similarities as a table", table));
  draw();
};

/// Groups of a tree, from top to bottom.
const leavesOf = (tree) => (tree.trees ? tree.trees.flatMap(leavesOf) : [tree.group]);

/// The pair of two groups.
const pairOf = (a, b) => hap.data.similarity.pairs.find((pair) => pair.a === Math.min(a, b) && pair.b === Math.max(a, b));

/// The name of a group among others: without what they share.
function groupName(index, leaves) {
  const { groups } = hap.data;
  const workloads = new Set(leaves.map((leaf) => groups[leaf].workload));
  const { runtime, workload } = groups[index];
  return workloads.size === 1 ? hap.label(runtime) : `${hap.label(runtime)} / ${hap.label(workload)}`;
}

const similarityText = (similarity) => (similarity === null ? "-" : hap.decimal(similarity.value, 2));
const similarityInterval = (similarity) => (similarity === null || similarity.low === null ? "none" : `${hap.decimal(similarity.low, 2)} – ${hap.decimal(similarity.high, 2)}`);

function drawMatrix(plot, leaves, measure) {
  const rows = leaves.flatMap((a, row) =>
    leaves.map((b, column) => {
      const similarity = a === b ? null : pairOf(a, b)[measure];
      const step = similarity === null ? 0 : similaritySteps.findIndex((bound) => similarity.value <= bound + 1e-9);
      return {
        row: `${shortened(groupName(a, leaves), 24)}${"\u200b".repeat(row)}`, column: `${shortened(groupName(b, leaves), 18)}${"\u200b".repeat(column)}`,
        a: groupName(a, leaves), b: groupName(b, leaves), text: a === b ? "" : similarityText(similarity), shown: leaves.length <= 10,
        colour: a === b ? "var(--raised)" : `var(--e${step})`, ink: stepInk(step),
        value_text: a === b ? "the same group" : similarityText(similarity), interval_text: a === b ? "-" : similarityInterval(similarity),
        runs_text: `${hap.data.groups[a].runs} and ${hap.data.groups[b].runs}`,
      };
    }));
  const specification = hap.specification("matrix");
  specification.height = Math.max(16, Math.min(40, 480 / leaves.length)) * leaves.length;
  specification.datasets = { rows };
  hap.draw(plot, specification);
}

/// Ink that is read on a step of exposure, in both themes.
const stepInk = (step) => (step >= 3 ? "var(--on-high)" : "var(--ink)");

function drawTree(plot, tree, leaves) {
  const rows = [];
  const least = tree.trees ? tree.similarity : 0;
  const text = (node) => hap.decimal(node.similarity, 2);
  const members = (node) => leavesOf(node).map((leaf) => groupName(leaf, leaves)).join(", ");
  /// Draws a node and returns where it stands: similarity and height.
  const place = (node) => {
    if (!node.trees) {
      const y = leaves.indexOf(node.group);
      return { x: 1, y };
    }
    const children = node.trees.map(place);
    const facts = { similarity: text(node), members: members(node) };
    children.forEach((child) => rows.push({ ...facts, from: child.x, to: node.similarity, y: child.y, y2: child.y }));
    rows.push({ ...facts, from: node.similarity, to: node.similarity, y: children[0].y, y2: children[1].y });
    return { x: node.similarity, y: (children[0].y + children[1].y) / 2 };
  };
  place(tree);
  const specification = hap.withParameters(hap.specification("tree"), { least: Math.max(0, least - 0.02), leaves: leaves.length, names: leaves.map((leaf) => shortened(groupName(leaf, leaves), 30)) });
  specification.height = Math.max(18, Math.min(40, 480 / leaves.length)) * leaves.length;
  specification.datasets = { rows };
  hap.draw(plot, specification);
}

function similarityTable(leaves, measure) {
  const { groups, similarity } = hap.data;
  const pairs = similarity.pairs.filter((pair) => leaves.includes(pair.a) && leaves.includes(pair.b));
  const number = (title, value, text) => ({ title, unit: "0 to 1", number: true, value, cell: text });
  const runs = (title, side) => ({ title, unit: "runs", number: true, cell: (pair) => hap.whole(groups[pair[side]].runs) });
  const columns = [
    { title: "one", cell: (pair) => hap.cut(groupName(pair.a, leaves)) },
    { title: "other", cell: (pair) => hap.cut(groupName(pair.b, leaves)) },
    number("similarity", (pair) => pair[measure]?.value, (pair) => similarityText(pair[measure])),
    number("95 % interval", (pair) => `${pair[measure]?.low} ${pair[measure]?.high}`, (pair) => similarityInterval(pair[measure])),
    runs("one", "a"), runs("other", "b"),
  ];
  return hap.table(`Similarity: ${measures.find(([name]) => name === measure)[1]}`, columns, pairs, { class: "similarities" });
}
