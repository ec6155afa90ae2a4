// Draws images/icon.png from images/icon.svg with a Chromium of this machine (CHROMIUM, default /usr/bin/chromium).
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const svg = readFileSync("images/icon.svg", "utf8");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const page = await browser.newPage({ viewport: { width: 256, height: 256 } });
await page.setContent(`<body style="margin:0">${svg}</body>`);
await page.screenshot({ path: "images/icon.png", omitBackground: true });
await browser.close();
