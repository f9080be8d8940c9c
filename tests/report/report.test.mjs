// The report in a browser: node --test with HAP (hap-analyze), DATASET (the bundled captures), REPORT and HOSTILE (pages).
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { after, test } from "node:test";

import { close, open, settled } from "./page.mjs";

const { HAP, DATASET, REPORT, HOSTILE } = process.env;
const scope = ["--dataset", DATASET, "--where", "set=study", "--bugs", "linux-cna-6.1"];
const metrics = ["--metric", "functions,lines,code_lines,complexity", "--weight", "uniform,cve,exploited"];

/// What hap-analyze prints as JSON; its notes are not the point here.
const printed = (...options) => JSON.parse(execFileSync(HAP, [...options, "--format", "json"], { encoding: "utf8", maxBuffer: 1 << 26, stdio: ["ignore", "pipe", "ignore"] }));
const figures = printed("hap", ...scope, ...metrics);

after(close);

/// The number that a text shows, and the place of its last digit.
function shownNumber(text) {
  const [, digits] = /^(-?[\d,]+(?:\.\d+)?)/.exec(text) ?? assert.fail(`no number in ${JSON.stringify(text)}`);
  const places = digits.split(".")[1]?.length ?? 0;
  return { value: Number(digits.replaceAll(",", "")), places };
}

/// Asserts that a text shows a value, rounded to its own last place, with this unit.
function assertShows(text, value, unit = "") {
  const shown = shownNumber(text.trim());
  assert.ok(Math.abs(shown.value - value) <= 0.5 * 10 ** -shown.places + 1e-9, `${text} is not ${value}`);
  assert.ok(text.includes(unit), `${text} has no unit ${unit}`);
}

const of = (metric, workload) => figures.filter((row) => row.metric === metric && row.workload === workload).sort((a, b) => a.mean - b.mean);

test("the page is one file below 5 MB, and the same every time", () => {
  assert.ok(statSync(REPORT).size < 5_000_000, `${statSync(REPORT).size} bytes`);
  execFileSync(HAP, ["report", ...scope, "--out", `${REPORT}.again`], { stdio: "ignore" });
  assert.ok(readFileSync(REPORT).equals(readFileSync(`${REPORT}.again`)));
});

test("opening and using it says nothing on the console, asks for nothing and breaks no rule of its policy", async () => {
  const { page, complaints } = await open(REPORT);
  for (const { name } of await page.evaluate(() => hap.data.metrics)) await page.selectOption("#metric", name);
  await page.hover("#bars .plot svg path");
  await settled(page);
  assert.deepEqual(complaints, []);
  assert.deepEqual(await page.evaluate(() => window.breaches), []);
  await page.close();
});

test("the policy stops what a page could send, and runs no script that was put in", async () => {
  const server = createServer((_, response) => response.end("seen"));
  let requests = 0;
  server.on("request", () => (requests += 1));
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const address = `http://127.0.0.1:${server.address().port}/`;
  const { page } = await open(REPORT);
  await page.evaluate(async (url) => {
    await fetch(url).catch(() => {});
    for (const [tag, attributes] of [["img", { src: url }], ["script", { src: url }], ["link", { rel: "stylesheet", href: url }], ["iframe", { src: url }]]) {
      document.body.append(Object.assign(document.createElement(tag), attributes));
    }
    const script = document.createElement("script");
    script.textContent = "document.title = 'taken'";
    document.body.append(script);
  }, address);
  await page.waitForTimeout(300);
  assert.equal(requests, 0);
  assert.equal(await page.title(), "Horizontal Attack Profile");
  const breaches = await page.evaluate(() => window.breaches.map((breach) => breach.split(" ")[0]).sort());
  assert.deepEqual([...new Set(breaches)], ["connect-src", "frame-src", "img-src", "script-src-elem", "style-src-elem"]);
  await page.close();
  server.close();
});

test("every plot has a mark for every figure", async () => {
  const { page, data } = await open(REPORT);
  const marks = (section, mark) =>
    page.$$eval(`${section} .plot`, (plots, name) => plots.map((plot) => plot.querySelectorAll(`.mark-${name} > path, .mark-${name} > line`).length), mark);
  const workloads = [...new Set(data.groups.map((group) => group.workload))];
  const expected = workloads.map((workload) => of("lines", workload));
  assert.deepEqual(await page.$$eval("#bars .plot", (plots) => plots.map((plot) => plot.querySelectorAll("[aria-roledescription=bar]").length)), expected.map((rows) => rows.length));
  assert.deepEqual(await page.$$eval("#bars .plot", (plots) => plots.map((plot) => plot.querySelectorAll("[aria-roledescription=point]").length)), expected.map((rows) => rows.reduce((sum, row) => sum + row.runs, 0)));
  const ranked = data.metrics.filter((metric) => metric.name !== "weighted_uniform").length;
  assert.deepEqual(await page.$$eval("#ranks .plot", (plots) => plots.map((plot) => plot.querySelectorAll("[aria-roledescription=point]").length)), expected.map((rows) => rows.length * ranked));
  const withLines = data.functions.lines.filter((lines) => lines > 0).length;
  const [leaves] = await marks("#treemap", "rect.leaf");
  assert.ok(leaves > 0.97 * withLines && leaves <= withLines, `${leaves} of ${withLines} functions are large enough to be drawn`);
  const curves = workloads.map((workload) => data.runs.filter((run) => data.groups[run.group].workload === workload).length);
  assert.deepEqual(await page.$$eval("#curves .plot", (plots) => plots.map((plot) => plot.querySelectorAll("[aria-roledescription=point]").length)), curves);
  const [{ tree }] = data.similarity.trees;
  const leaves_of = (node) => (node.trees ? node.trees.flatMap(leaves_of) : [node.group]);
  const groups = leaves_of(tree).length;
  assert.deepEqual(await page.$$eval("#similarity .plot", (plots) => plots.map((plot) => [".mark-rect.layer_0_marks > path", ".mark-rule.layer_0_marks > line"].map((mark) => plot.querySelectorAll(mark).length))), [[groups ** 2, 0], [0, 3 * (groups - 1)]]);
  const empty = await page.$$eval(".plot", (plots) => plots.filter((plot) => plot.querySelectorAll("svg path, svg line").length === 0).length);
  assert.equal(empty, 0);
  await page.close();
});

test("the verdict and the tables show the numbers of hap --format json under every metric", async () => {
  const { page, data } = await open(REPORT);
  for (const { name: metric, unit } of data.metrics) {
    await page.selectOption("#metric", metric);
    for (const workload of new Set(figures.map((row) => row.workload))) {
      const [least, next] = of(metric, workload);
      const cells = await page.$$eval(`#verdict tr[data-workload="${workload}"] > *`, (cells) => cells.map((cell) => cell.innerText));
      assert.ok(cells[1].startsWith(`${least.runtime}\n`), cells[1]);
      assert.ok(cells[2].startsWith(`${next.runtime}\n`), cells[2]);
      for (const [row, cell] of [[least, cells[1]], [next, cells[2]]]) {
        const [, mean, interval] = cell.split("\n");
        assertShows(mean, row.mean, unit);
        assert.ok(interval.endsWith(`${row.runs} runs`), interval);
        const [low, high] = interval.replace("95 %: ", "").split(" – ");
        assertShows(low, row.low);
        assertShows(high, row.high);
      }
      const [share, difference] = cells[3].split("\n");
      assertShows(share, (100 * (next.mean - least.mean)) / next.mean, "% less");
      assertShows(difference, next.mean - least.mean, unit);
    }
    await assertTables(page, metric);
  }
  await page.close();
});

/// The tables under the bars: every figure of the metric, in order, with its unit in the heading.
async function assertTables(page, metric) {
  const tables = await page.$$eval("#bars table", (tables) =>
    tables.map((table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => [cell.dataset.value, cell.textContent]))));
  const workloads = [...new Set(figures.map((row) => row.workload))];
  assert.equal(tables.length, workloads.length);
  workloads.forEach((workload, index) => {
    const expected = of(metric, workload);
    assert.deepEqual(tables[index].map((cells) => cells[0][1]), expected.map((row) => row.runtime));
    tables[index].forEach((cells, at) => {
      const row = expected[at];
      const columns = ["runs", "mean", "stddev", null, null, "union", "core", "singletons", "events_lost"];
      columns.forEach((column, position) => {
        if (column === null) return;
        const [value, text] = cells[position + 1];
        assert.equal(Number(value), row[column], `${metric} ${workload} ${row.runtime} ${column}`);
        assertShows(text, row[column]);
      });
      assert.equal(cells[4][0], `${row.low} ${row.high}`);
    });
  });
}

const cellsOf = (page, column) => page.$$eval("#functions tbody tr", (rows, index) => rows.map((row) => row.cells[index].dataset.value), column);

test("functions are sorted by any column, both ways, with a click or a key", async () => {
  const { page, data } = await open(REPORT);
  const headings = await page.$$eval("#functions thead button", (buttons) => buttons.map((button) => button.textContent));
  assert.deepEqual(headings, ["function", "module", "source", "extent", "complexity", "bugs, cve", "bugs, exploited", "runtimes", "runs", "calls"]);
  const numbers = [...data.functions.lines].filter((lines) => lines !== null).sort((a, b) => b - a);
  assert.deepEqual((await cellsOf(page, 3)).map(Number), numbers.slice(0, 50));
  await page.click("#functions thead button >> text=calls");
  const calls = data.functions.reach.map((reach) => reach.filter((_, at) => at % 3 === 2).reduce((sum, each) => sum + each, 0)).sort((a, b) => b - a);
  assert.deepEqual((await cellsOf(page, 9)).map(Number), calls.slice(0, 50));
  await page.keyboard.press("Enter");
  assert.deepEqual((await cellsOf(page, 9)).map(Number), calls.reverse().slice(0, 50));
  assert.equal(await page.getAttribute("#functions th:nth-child(10)", "aria-sort"), "ascending");
  await page.click("#functions thead button >> text=function");
  const names = data.functions.function.filter((name) => name !== null).sort((a, b) => (a < b ? -1 : 1));
  assert.deepEqual(await cellsOf(page, 0), names.slice(0, 50));
  await page.click("#page-after");
  assert.deepEqual(await cellsOf(page, 0), names.slice(50, 100));
  await page.close();
});

test("search and filters leave the functions that match, and say how many", async () => {
  const { page, data } = await open(REPORT);
  const count = () => page.textContent("#functions [role=status]");
  const { functions, groups } = data;
  const total = functions.module.length.toLocaleString("en-US");
  const matching = functions.module.filter((module, at) => `${functions.function[at] ?? ""}\n${module}\n${functions.file[at] ?? ""}`.toLowerCase().includes("net/bridge")).length;
  assert.ok(matching > 0);
  await page.fill("#search", "net/Bridge");
  assert.equal(await count(), `${matching} of ${total} functions`);
  assert.ok((await cellsOf(page, 2)).every((file) => file.startsWith("net/bridge/")));
  await page.fill("#search", "");
  await page.selectOption("#reached-by", { label: "nabla" });
  await page.selectOption("#reached-not", { label: "runc" });
  await page.selectOption("#reached-under", { label: "redis-bench-get" });
  const reached = (runtime, reach) => groups.some((group, at) => group.runtime === runtime && group.workload === "redis-bench-get" && reach.some((each, index) => index % 3 === 0 && each === at));
  const only = functions.reach.filter((reach) => reached("nabla", reach) && !reached("runc", reach)).length;
  const [{ functions: expected }] = printed("diff", "runtime=nabla,workload=redis-bench-get", "runtime=runc,workload=redis-bench-get", "--where", "set=study", "--dataset", DATASET, "--summary");
  assert.equal(only, expected);
  assert.equal(await count(), `${only} of ${total} functions`);
  await page.fill("#search", "no such function");
  assert.equal(await count(), `0 of ${total} functions`);
  await page.close();
});

/// Fills of the leaves by number.
const fills = (page) =>
  page.$$eval("#treemap .mark-rect.leaf > path", (paths) => {
    const found = {};
    for (const path of paths) found[path.getAttribute("fill")] = (found[path.getAttribute("fill")] ?? 0) + 1;
    return found;
  });

test("the kernel map switches runtime, difference, workload and area, and goes in and out", async () => {
  const { page, data } = await open(REPORT);
  const choose = async (id, label) => {
    await page.selectOption(id, { label });
    await settled(page);
    return fills(page);
  };
  const runc = await choose("#map-a", "runc");
  const nabla = await choose("#map-a", "nabla");
  assert.notDeepEqual(runc, nabla);
  assert.ok(nabla["var(--e0)"] > runc["var(--e0)"], "nabla reaches fewer functions");
  const difference = await choose("#map-b", "A less runc");
  assert.ok(difference["var(--d1)"] > 0 && difference["var(--d5)"] > 0, JSON.stringify(difference));
  assert.ok(Object.keys(difference).every((fill) => /^var\(--(d\d|e0)\)$/.test(fill)), JSON.stringify(difference));
  const workload = await choose("#map-workload", "redis-bench-get");
  assert.notDeepEqual(workload, difference);
  await choose("#map-area", "the whole kernel and its modules");
  assert.match(await page.textContent("#treemap .note"), new RegExp(`^nabla: 2 runs; runc: 2 runs\\. The map holds [\\d,]+ source lines of ${data.files.path.length.toLocaleString("en-US")} files\\.`));
  const crumbs = () => page.$$eval("#treemap .path button", (buttons) => buttons.map((button) => button.textContent));
  await choose("#map-into", "net/bridge");
  assert.deepEqual(await crumbs(), ["kernel", "net/bridge"]);
  const bridge = data.files.part.filter((part) => part === "net/bridge").length;
  assert.equal(await page.$$eval("#treemap .mark-rect.leaf > path", (paths) => paths.length), bridge);
  await page.click("#treemap .mark-rect.leaf > path >> nth=0");
  await settled(page);
  assert.equal((await crumbs()).length, 3);
  await page.click("#treemap .path button >> text=kernel");
  await settled(page);
  assert.deepEqual(await crumbs(), ["kernel"]);
  await page.close();
});

test("light and dark follow the system until the reader switches, with the keyboard as well", async () => {
  const { page } = await open(REPORT, { colorScheme: "dark" });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await ground();
  await page.emulateMedia({ colorScheme: "light" });
  await page.waitForFunction((before) => getComputedStyle(document.body).backgroundColor !== before, dark);
  await page.focus("#theme");
  await page.keyboard.press("Enter");
  assert.equal(await ground(), dark);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.emulateMedia({ colorScheme: "light" });
  await page.waitForTimeout(100);
  assert.equal(await ground(), dark, "what the reader chose stays");
  await page.emulateMedia({ media: "print" });
  assert.equal(await ground(), "rgb(255, 255, 255)");
  await page.close();
});

test("every control is reached with the tab key, and every section has a table or text of what it draws", async () => {
  const { page } = await open(REPORT);
  const controls = await page.$$eval("a[href], button:not(:disabled), select, input, summary", (all) => all.filter((each) => each.checkVisibility()).length);
  const seen = new Set();
  for (let presses = 0; presses < controls + 60; presses += 1) {
    await page.keyboard.press("Tab");
    seen.add(await page.evaluate(() => {
      const all = [...document.querySelectorAll("a[href], button, select, input, summary")];
      return all.indexOf(document.activeElement);
    }));
  }
  seen.delete(-1);
  assert.equal(seen.size, controls);
  const plots = await page.$$eval(".plot", (plots) => plots.map((plot) => [plot.getAttribute("role"), Boolean(plot.getAttribute("aria-label"))]));
  assert.ok(plots.length > 0 && plots.every(([role, label]) => role === "graphics-document" && label));
  await page.close();
});

test("it fits widths from 400 to 1400 pixels and prints", async () => {
  for (const width of [400, 800, 1400]) {
    const { page, complaints } = await open(REPORT, { viewport: { width, height: 900 } });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
    const wide = await page.$$eval(".plot svg", (plots) => plots.filter((plot) => plot.getBoundingClientRect().right > innerWidth).length);
    assert.equal(wide, 0);
    const pdf = await page.pdf({ format: "A4" });
    assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
    assert.deepEqual(complaints, []);
    await page.close();
  }
});

test("markup in labels, comms, modules, functions, files and run ids stays text", async () => {
  const { page, complaints, data } = await open(HOSTILE);
  const markup = "<img src=x onerror=document.title='taken'>";
  const end = "</script><script>document.title='taken'</script><!--";
  assert.deepEqual(data.groups[0], { runtime: end, workload: markup, runs: 2 });
  for (const summary of await page.$$("summary")) await summary.click();
  await page.selectOption("#map-area", { index: 1 });
  await page.selectOption("#map-b", { index: 1 });
  await page.fill("#search", "onerror");
  await page.hover("#bars .plot svg path[aria-roledescription=bar]");
  assert.ok((await page.textContent("#tooltip")).includes("taken"));
  await page.hover("#treemap .mark-rect.leaf > path");
  await settled(page);
  const elements = await page.evaluate(() => ({
    images: document.querySelectorAll("img, image, iframe, object, embed").length,
    scripts: document.querySelectorAll("script").length,
    handlers: document.querySelectorAll("[onerror], [onload], [onclick]").length,
  }));
  assert.deepEqual(elements, { images: 0, scripts: 7, handlers: 0 });
  assert.equal(await page.title(), "Horizontal Attack Profile");
  const text = await page.textContent("main");
  for (const shown of [markup, end, "{{scripts}}&lt;b", "fs/<img src=x onerror=document.title='taken'>.c"]) assert.ok(text.includes(shown), shown);
  assert.deepEqual(complaints, []);
  assert.deepEqual(await page.evaluate(() => window.breaches), []);
  for (const width of [400, 1400]) {
    await page.setViewportSize({ width, height: 900 });
    await page.waitForFunction((expected) => document.documentElement.scrollWidth === expected, width);
  }
  await page.close();
});

/// What the page shows of each ordering: workload, A, B, P(A < B), the least of it, choices that keep it, all choices.
const survivalsOf = async (page) => {
  const rows = await page.$$eval("#survivals tbody tr", (rows) =>
    rows.map((row) => [...row.cells].map((cell) => cell.dataset.value ?? cell.textContent)));
  return rows.map(([workload, a, b, p, least, kept]) => [workload, a, b, Number(p).toFixed(9), Number(least).toFixed(9), kept].join(" ")).sort();
};

/// The same from the rows of `hap-analyze sensitivity`.
const survivalsIn = (rows) => {
  const pairs = {};
  for (const row of rows) (pairs[[row.block, row.a, row.b].join(" ")] ??= []).push(row);
  return Object.values(pairs).map((all) => {
    const [{ block, a, b, figure_a: left, figure_b: right }] = all;
    const turned = left > right;
    const p = all.map((row) => (turned ? 1 - row.p_less : row.p_less));
    const kept = all.filter((row) => row.kept).length;
    return [block, ...(turned ? [b, a] : [a, b]), p[0].toFixed(9), Math.min(...p).toFixed(9), kept, all.length].join(" ");
  }).sort();
};

test("discovery, completeness, similarity and P(A < B) are those of their commands", async () => {
  const { page, data } = await open(REPORT);
  const study = ["--dataset", DATASET, "--where", "set=study"];
  const completeness = printed("completeness", ...study);
  const tables = (section) => page.$$eval(`${section} table`, (all) => all.map((table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => [cell.dataset.value, cell.textContent]))));
  const rows = (await tables("#curves")).flat();
  const workloads = [...new Set(data.groups.map((group) => group.workload))];
  const expected = workloads.flatMap((workload) => completeness.filter((row) => row.workload === workload));
  assert.deepEqual(rows.map((cells) => cells[0][1]), expected.map((row) => row.runtime));
  rows.forEach((cells, at) => {
    const row = expected[at];
    for (const [position, column, scale] of [[1, "runs", 1], [2, "steady_runs", 1], [3, "seen", 1], [4, "chao2", 1], [6, "coverage", 100]]) {
      assert.equal(Number(cells[position][0]), row[column], column);
      assertShows(cells[position][1], scale * row[column]);
    }
    assert.equal(cells[5][0], `${row.low} ${row.high}`);
  });
  await page.selectOption("#similarity-groups", { label: "all runtimes and workloads" });
  const similarity = new Map(printed("similarity", ...study).map((row) => [`${row.a} ${row.b}`, row]));
  for (const [measure, label] of [["jaccard", "Jaccard: shared / all functions"], ["overlap", "overlap: shared / the smaller set"]]) {
    await page.selectOption("#similarity-measure", { label });
    const [pairs] = await tables("#similarity");
    assert.equal(pairs.length, similarity.size);
    for (const [a, b, value, interval] of pairs) {
      const row = similarity.get(`${a[1]} ${b[1]}`.replaceAll(" / ", "/"));
      assert.equal(Number(value[0]), row[measure]);
      assertShows(value[1], row[measure]);
      assert.equal(interval[0], `${row[`${measure}_low`]} ${row[`${measure}_high`]}`);
    }
  }
  const orderings = printed("sensitivity", ...scope);
  const [{ dimension, value }] = orderings;
  for (const workload of workloads) {
    const [least, next] = of("lines", workload);
    const ordering = orderings.find((row) => row.dimension === dimension && row.value === value && row.block === workload && [row.a, row.b].sort().join() === [least.runtime, next.runtime].sort().join());
    const p = ordering.a === least.runtime ? ordering.p_less : 1 - ordering.p_less;
    const [shown, text] = await page.$eval(`#verdict tr[data-workload="${workload}"] td:nth-child(5) .figure`, (cell) => [cell.dataset.value, cell.textContent]);
    assert.ok(Math.abs(Number(shown) - p) < 1e-12, `${workload}: ${shown} is not ${p}`);
    assertShows(text.replace("P(A < B) = ", ""), p);
  }
  assert.deepEqual(await survivalsOf(page), survivalsIn(orderings));
  await page.close();
});
