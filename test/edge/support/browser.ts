/** A real browser where the machine has one: `LONGSHORE_TEST_CHROMIUM`, or Chromium or Chrome on the PATH. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/** Path of the browser, or null. */
export function findChromium(): string | null {
	const given = process.env['LONGSHORE_TEST_CHROMIUM'];
	if (given !== undefined) return given;
	const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
	const paths = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].flatMap((name) => folders.map((folder) => join(folder, name)));
	return paths.find(isExecutable) ?? null;
}

export function startBrowser(executablePath: string): Promise<Browser> {
	return chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'] });
}

function isExecutable(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}
