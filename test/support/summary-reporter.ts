/** Prints `N passed, N failed` as the very last line. A file that could not be run, or an error outside any test, counts as a failure. */
import type { Reporter, TestModule } from 'vitest/node';

export default class SummaryReporter implements Reporter {
	onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
		let passed = 0;
		let failed = unhandledErrors.length;
		let skipped = 0;
		for (const module of modules) {
			if (module.errors().length > 0) failed++;
			for (const test of module.children.allTests()) {
				const { state } = test.result();
				if (state === 'passed') passed++;
				else if (state === 'skipped') skipped++;
				else failed++;
			}
		}
		// Behind whatever other reporters still print when the run has ended.
		process.once('exit', () => process.stdout.write(`${skipped > 0 ? `${skipped} skipped\n` : ''}${passed} passed, ${failed} failed\n`));
	}
}
