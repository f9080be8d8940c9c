// Numbers as the tables of the command line print them: commas, halves to even, a unit beside every figure.
const numberFormat = (places) =>
  new Intl.NumberFormat("en-US", { minimumFractionDigits: places, maximumFractionDigits: places, roundingMode: "halfEven" });

hap.decimal = (value, places) => numberFormat(places).format(value);
hap.whole = (value) => hap.decimal(value, 0);
hap.percent = (share, places = 0) => `${hap.decimal(100 * share, places)} %`;
hap.counted = (number, noun) => `${hap.whole(number)} ${noun}${number === 1 ? "" : "s"}`;

/// Decimal places of a metric's figures: whole numbers have one where some figure is small; fractions show four digits
/// of the largest, two places at least.
hap.places = (name) => {
  const figures = hap.data.figures.filter((figure) => figure.metric === name && figure.mean !== null);
  if (hap.metric(name).whole) return figures.every((figure) => figure.mean >= 100) ? 0 : 1;
  const largest = Math.max(0, ...figures.flatMap((figure) => [figure.mean, figure.union ?? 0]).map(Math.abs));
  const digits = largest > 0 ? Math.floor(Math.log10(largest)) + 1 : 1;
  return Math.min(12, Math.max(2, 4 - digits));
};

hap.value = (value, metric) => (value === null ? "-" : hap.decimal(value, hap.places(metric)));
hap.withUnit = (value, metric) => (value === null ? "-" : `${hap.value(value, metric)} ${hap.metric(metric).unit}`);
hap.mean = (figure) => hap.withUnit(figure.mean, figure.metric);
hap.set = (value, figure) =>
  value === null ? "-" : `${hap.decimal(value, hap.metric(figure.metric).whole ? 0 : hap.places(figure.metric))} ${hap.metric(figure.metric).unit}`;
hap.interval = (figure) =>
  figure.low === null ? "none: one run" : `${hap.value(figure.low, figure.metric)} – ${hap.value(figure.high, figure.metric)}`;
hap.runs = (figure) => hap.counted(figure.runs, "run");
