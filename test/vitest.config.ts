/** How `npm test` runs: pure and component tests side by side, whole stacks one after the other. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

const root = resolve(import.meta.dirname, '..');
/** Simulated histories take minutes of processor time: `LONGSHORE_TEST_DST=1` has them too. */
const withSimulation = process.env['LONGSHORE_TEST_DST'] === '1' ? ',dst' : '';

export default defineConfig({
	root,
	cacheDir: resolve(root, '.cache/vitest'),
	test: {
		globalSetup: resolve(import.meta.dirname, 'support/install-engine.ts'),
		reporters: ['default', resolve(import.meta.dirname, 'support/summary-reporter.ts')],
		// Telemetry and a download that wrangler and miniflare would otherwise try.
		env: { WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' },
		pool: 'forks',
		// Most tests wait for a server or a timer, not for a processor.
		maxWorkers: Math.max(2, availableParallelism()),
		restoreMocks: true,
		projects: [
			{
				extends: true,
				test: {
					name: 'unit',
					include: ['test/*.test.ts', `test/{shared-schema,edge,regional-broker,gpu-worker,infra,examples,sim,chaos${withSimulation}}/**/*.test.ts`],
					testTimeout: 60_000,
					hookTimeout: 60_000,
					sequence: { groupOrder: 1 },
				},
			},
			{
				extends: true,
				// The first stack on a machine installs what is missing, hence the long hooks.
				test: { name: 'contract', include: ['test/contract/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 600_000, fileParallelism: false, sequence: { groupOrder: 2 } },
			},
			{
				extends: true,
				test: { name: 'system', include: ['test/system/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 600_000, fileParallelism: false, sequence: { groupOrder: 3 } },
			},
		],
	},
});
