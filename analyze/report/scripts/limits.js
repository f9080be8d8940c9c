// What the figures mean, the conditions that they hold under, and what they do not tell.
hap.limits = (section) => {
  const limits = [
    "The profile measures how much of the host's kernel a workload reaches in a sandbox, not how well the sandbox protects: defence in depth and data-side guards such as namespaces are not measured.",
    "A benign workload's reach is not what a malicious one can reach.",
    "Lost events make every figure a lower bound. Assembly entry code and functions that ftrace cannot trace are in no capture.",
    "Expected bugs count what became known: code that many people look at has more of them.",
  ];
  const notes = hap.data.notes.flatMap(([name, text]) => [hap.el("dt", {}, name), hap.el("dd", {}, text)]);
  const { version } = hap.data;
  section.append(
    ...hap.head(section),
    hap.el("ul", {}, limits.map((text) => hap.el("li", {}, text))),
    hap.el("h3", {}, "Conditions of the figures"),
    hap.el("dl", { class: "notes" }, notes),
    hap.el("p", { class: "note" }, `Made by hap-analyze ${version}; drawn by Vega ${vega.version} and Vega-Lite ${vegaLite.version}, which are in this file. It asks no server for anything.`),
    hap.fold("Licences of the embedded libraries", hap.el("pre", {}, hap.read("licences"))));
};
