/** The HTML report in a real browser: opened, clicked through, light and dark, printed. Needs Debian's chromium. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { known } from '../../src/checks/look.ts';
import type { Facts } from '../../src/facts/types.ts';
import { inChromium, type Page } from '../support/chromium.ts';
import { inFolder, inRepo, runBuilt } from '../support/cli.ts';
import { goodFacts, kernel, moduleFile, pageFacts } from '../support/facts.ts';

const OLD = '6.1.0-50-cloud-amd64';
const EVIL =
  '<img src=x onerror="document.title=1"><script>document.title=2</script><link rel=stylesheet href=//192.0.2.1/x>';
const good = goodFacts();
const MACHINES: Readonly<Record<string, Facts>> = {
  'good.json': good,
  'wrong.json': goodFacts({
    kernels: known([
      kernel({ release: OLD, readers: known([]) }),
      kernel({ readers: known([moduleFile({}, { name: EVIL })]) }),
    ]),
    hygiene: { ...good.hygiene, leftovers: known([`/tmp/${EVIL}`]) },
  }),
  'page.json': pageFacts(),
};

/** Writes the report of the machines above and opens it. */
async function withReport<T>(use: (page: Page) => Promise<T>, change = (html: string): string => html): Promise<T> {
  const files = Object.fromEntries(Object.entries(MACHINES).map(([name, facts]) => [name, JSON.stringify(facts)]));
  return await inFolder(files, async (folder) => {
    const run = await runBuilt(folder, ['validate', ...Object.keys(files), '--format', 'html', '-o', 'report.html']);
    expect([run.code, run.stderr]).toEqual([1, '']);
    const path = join(folder, 'report.html');
    writeFileSync(path, change(readFileSync(path, 'utf8')));
    return await inChromium(pathToFileURL(path).href, use);
  });
}

const INJECTION = `{ const s = document.createElement('script'); s.text = 'document.title = 3'; document.body.append(s) }`;

/** Clicks the middle of an element with the mouse, as a person does. */
async function click(page: Page, element: string): Promise<void> {
  const place = await page.evaluate(`{ const e = ${element}; e.scrollIntoView({block: 'center'});
    const r = e.getBoundingClientRect(); [r.x + 12, r.y + r.height / 2] }`);
  const [x, y] = place as readonly [number, number];
  for (const type of ['mousePressed', 'mouseReleased']) {
    await page.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
  }
}

async function screenshot(page: Page, name: string): Promise<void> {
  const { data } = await page.send('Page.captureScreenshot', {});
  mkdirSync(inRepo('out/test'), { recursive: true });
  writeFileSync(inRepo(`out/test/${name}.png`), Buffer.from(String(data), 'base64'));
}

/** The least contrast of any text in the page, as WCAG reckons it. */
const LEAST_CONTRAST = `{
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] !== 0) return c; } };
  const texts = [...document.querySelectorAll('body *')].filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()));
  Math.min(...texts.map((e) => { const [a, b] = [rgb(getComputedStyle(e).color), behind(e)].map((c) => light(c.slice(0, 3)));
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); }));
}`;

describe('the HTML report in Chromium', () => {
  it('shows its evidence on a click, and hides it again', async () => {
    await withReport(async (page) => {
      const cell = "document.querySelector('td summary.fails')";
      const shown = `{ const d = ${cell}.nextElementSibling; d.checkVisibility({contentVisibilityAuto: true}) && d.innerText }`;
      expect(await page.evaluate(shown)).toBe(false);
      await click(page, cell);
      expect(await page.evaluate(shown)).toContain('calls itself');
      await screenshot(page, 'report-clicked');
      await click(page, cell);
      expect(await page.evaluate(shown)).toBe(false);
      await click(page, 'document.querySelector(\'nav a[href="#image-2"]\')');
      expect(await page.evaluate('location.hash')).toBe('#image-2');
    });
  });

  it('has a row for each check and a column for each kernel', async () => {
    await withReport(async (page) => {
      const heads = "[...document.querySelectorAll('#image-1 thead th')].map((e) => e.innerText)";
      expect(await page.evaluate(heads)).toEqual(['looked for', 'machine', OLD, `${kernel().release} (boots next)`]);
      const codes = `[...document.querySelectorAll('#image-1 tbody th code')].map((e) => e.innerText)`;
      const rows = (await page.evaluate(codes)) as readonly string[];
      expect(rows.length).toBeGreaterThan(40);
      expect(new Set(rows).size).toBe(rows.length);
    });
  });

  it('runs nothing and fetches nothing, whatever the image has put into it', async () => {
    await withReport(async (page) => {
      expect(await page.evaluate('document.body.innerText')).toContain(EVIL);
      expect(await page.evaluate("document.querySelectorAll('script, img, link, iframe, object').length")).toBe(0);
      expect(await page.evaluate('document.title')).toBe('toa-bake: does not hold');
      const fetched = page.events.filter(({ method }) => method === 'Network.requestWillBeSent');
      const urls = fetched.map(({ params }) => (params.request as { readonly url: string }).url);
      expect(urls.map((url) => url.replace(/^.*\//, ''))).toEqual(['report.html']);
      expect(page.events.filter(({ method }) => method === 'Log.entryAdded')).toEqual([]);
      // A script that got in all the same does not run.
      await page.evaluate(INJECTION);
      expect(await page.evaluate('document.title')).toBe('toa-bake: does not hold');
    });
    // The control: without the policy it does.
    const unsafe = (html: string): string => html.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, '');
    await withReport(async (page) => {
      await page.evaluate(INJECTION);
      expect(await page.evaluate('document.title')).toBe('3');
    }, unsafe);
  });

  it('can be read in the light and in the dark', async () => {
    await withReport(async (page) => {
      await page.evaluate("for (const d of document.querySelectorAll('#image-1 details')) d.open = true");
      for (const scheme of ['light', 'dark']) {
        await page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
        expect(await page.evaluate(LEAST_CONTRAST)).toBeGreaterThan(4.5);
        const paper = String(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
        expect(Number(/\d+/.exec(paper)?.[0]) > 128).toBe(scheme === 'light');
        await screenshot(page, `report-${scheme}`);
      }
    });
  });

  it('fits a narrow screen and a sheet of paper', async () => {
    await withReport(async (page) => {
      await page.send('Emulation.setDeviceMetricsOverride', {
        width: 400,
        height: 800,
        deviceScaleFactor: 1,
        mobile: true,
      });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400);
      const { data } = await page.send('Page.printToPDF', {});
      expect(Buffer.from(String(data), 'base64').subarray(0, 5).toString()).toBe('%PDF-');
    });
  });
});
