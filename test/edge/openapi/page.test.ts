import { createHash } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpenApiDocument } from '../../../edge/src/openapi/document.ts';
import { findChromium, startBrowser } from '../support/browser.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

const chromium = findChromium();
if (chromium === null) console.warn('No Chromium on this machine (LONGSHORE_TEST_CHROMIUM): the reference page is checked as HTML only.');

let edge: Edge;
let document: OpenApiDocument;
let html: string;
let policy: string;
beforeAll(async () => {
	edge = await startEdge();
	document = (await edge.call('GET', '/openapi.json')).body as unknown as OpenApiDocument;
	const answer = await fetch(`${edge.url}/docs`);
	html = await answer.text();
	policy = answer.headers.get('content-security-policy') ?? '';
	expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
}, 60_000);
afterAll(() => edge?.stop());

const operations = (): { method: string; path: string; id: string }[] =>
	Object.entries(document.paths).flatMap(([path, item]) => Object.entries(item).map(([method, { operationId }]) => ({ method: method.toUpperCase(), path, id: operationId })));

test('shows every operation under an anchor of its own, with an example to copy', () => {
	for (const { id, path, method } of operations()) {
		const article =
			html
				.split('<article ')
				.find((text) => text.includes(`id="${id}"`))
				?.split('</article>')[0] ?? '';
		expect(article, id).toContain(`<code>${path}</code>`);
		expect(article, id).toContain(`>${method}</span>`);
		expect(article, id).toContain('curl ');
	}
	for (const [, id] of html.matchAll(/<article id="(\w+)"/g)) expect(html).toContain(`href="#${id}"`);
});

test('names bounds, defaults and choices', () => {
	expect(html).toContain('integer, 1,000 to 300,000, default 90000');
	expect(html).toContain('10,000 to 604,800,000');
	expect(html).toContain('&quot;LOAD_BALANCER&quot;');
});

test('asks nothing of anybody, and the browser is told to hold it to that', () => {
	expect(html).not.toMatch(/<(?:link|script|img|iframe)[^>]+(?:src|href)="(?!data:)/);
	expect(html).not.toMatch(/@import|url\(/);
	expect(policy).toContain("default-src 'none'");
	for (const tag of ['style', 'script']) {
		const text = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(html)?.[1] ?? '';
		expect(policy).toContain(`${tag}-src 'sha256-${createHash('sha256').update(text).digest('base64')}'`);
	}
});

test('what a caller puts into the address does not become part of the page', async () => {
	const odd = await (await fetch(`${edge.url}/docs?x="><script>alert(1)</script>`)).text();
	expect(odd).not.toContain('alert(1)');
});

describe.runIf(chromium !== null)('in a browser', () => {
	let browser: Browser;
	beforeAll(async () => {
		browser = await startBrowser(chromium as string);
	}, 60_000);
	afterAll(() => browser?.close());

	async function open(width: number, dark = false): Promise<{ page: Page; asked: string[]; complaints: string[] }> {
		const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: dark ? 'dark' : 'light' });
		const asked: string[] = [];
		const complaints: string[] = [];
		page.on('request', (request) => asked.push(request.url()));
		page.on('console', (message) => (message.type() === 'error' || message.type() === 'warning') && complaints.push(message.text()));
		page.on('pageerror', (error) => complaints.push(String(error)));
		await page.goto(`${edge.url}/docs`);
		return { page, asked, complaints };
	}

	test('asks for itself and nothing else, and breaks none of its own rules', async () => {
		const { page, asked, complaints } = await open(1_280);
		expect(asked.filter((url) => !url.startsWith('data:'))).toEqual([`${edge.url}/docs`]);
		expect(complaints).toEqual([]);
		await page.close();
	});

	test('the search leaves what matches and says how much it is', async () => {
		const { page } = await open(1_280);
		await page.keyboard.press('/');
		await page.keyboard.type('purge');
		expect(await page.locator('article:visible').evaluateAll((found) => found.map(({ id }) => id))).toEqual(['purgeQueue']);
		expect(await page.locator('#count').textContent()).toBe('1 operation');
		await page.fill('#search', '');
		expect(await page.locator('article:visible').count()).toBe([...html.matchAll(/<article /g)].length);
		await page.close();
	});

	test.each([
		['a desk', 1_280],
		['a phone', 360],
	])('fits %s: nothing is wider than the screen', async (_name, width) => {
		const { page } = await open(width);
		expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBeLessThanOrEqual(0);
		expect(await page.locator('#menu').evaluate((menu) => (menu as unknown as { open: boolean }).open)).toBe(width > 832);
		await page.close();
	});

	test('an anchor leads to its operation, and the dark page is dark', async () => {
		const { page } = await open(1_280, true);
		await page.click('nav a[href="#runsync"]');
		await page.waitForFunction("Math.abs(document.querySelector('#runsync').getBoundingClientRect().top) < 200");
		expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(17, 24, 31)');
		await page.close();
	});

	test('every control has a name, headings go down step by step, texts stand out from their ground', async () => {
		const { page } = await open(1_280);
		const unnamed = await page.evaluate(
			"[...document.querySelectorAll('a,button,input')].filter((e) => !(e.textContent.trim() || e.getAttribute('aria-label') || document.querySelector('label[for=\"' + e.id + '\"]'))).map((e) => e.outerHTML)",
		);
		expect(unnamed).toEqual([]);
		const levels = (await page.evaluate("[...document.querySelectorAll('main h1,main h2,main h3,main h4')].map((e) => Number(e.tagName[1]))")) as number[];
		expect(levels.filter((level, at) => at > 0 && level > (levels[at - 1] ?? 0) + 1)).toEqual([]);
		expect(await page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id).filter((id, at, all) => all.indexOf(id) !== at)")).toEqual([]);
		await page.close();
	});
});
