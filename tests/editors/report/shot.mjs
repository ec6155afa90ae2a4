// Opens a page in a headless Chromium without a network; prints what a reader would see, and takes a picture.
// Arguments: the folder of playwright-core, the page, the picture.
import { createRequire } from "node:module";

const [folder, page_file, picture] = process.argv.slice(2);
const { chromium } = createRequire(`${folder}/`)("playwright-core");
const own = { ...process.env, ...JSON.parse(process.env.CHROMIUM_ENVIRONMENT ?? "{}") };
const args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args, env: own });
const page = await browser.newPage({ viewport: { width: 980, height: 720 }, offline: true });
const problems = [];
page.on("console", (said) => problems.push(said.text()));
page.on("request", (request) => request.url().startsWith("file:") || problems.push(request.url()));
await page.goto(`file://${page_file}`);
const seen = await page.evaluate(() => ({
  holes: document.querySelectorAll("section").length,
  taken: document.querySelectorAll(".candidate.chosen[open]").length,
  colours: new Set([...document.querySelectorAll(".tokens span")].map((s) => getComputedStyle(s).backgroundColor)).size,
  frames: [...document.querySelectorAll(".frames")].map((f) => f.querySelectorAll("pre").length),
  moving: document.getAnimations().length,
  shown: [...document.querySelectorAll(".frames")].map(
    (f) => [...f.querySelectorAll("pre")].filter((p) => getComputedStyle(p).opacity > 0.5).length,
  ),
}));
await page.screenshot({ path: picture });
await browser.close();
console.log(JSON.stringify({ ...seen, problems }));
