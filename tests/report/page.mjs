// A page in headless Chromium, with all that it says and asks for.
import { chromium } from "playwright-core";

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

/// Opens a file and waits until it is drawn. `complaints` has every console message, error, request and breach of the policy.
export async function open(file, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, ...options });
  const complaints = [];
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (request.url() !== `file://${file}` && !request.url().startsWith("data:")) complaints.push(`request: ${request.url()}`);
  });
  await page.addInitScript(() => {
    window.breaches = [];
    document.addEventListener("securitypolicyviolation", (event) => window.breaches.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.goto(`file://${file}`);
  await settled(page);
  return { page, complaints, data: await page.evaluate(() => hap.data) };
}

/// Waits until every plot is drawn.
export const settled = (page) =>
  page.evaluate(async () => {
    await Promise.all([...document.querySelectorAll(".plot")].map((plot) => plot.view?.runAsync()));
  });

export const close = () => browser.close();
