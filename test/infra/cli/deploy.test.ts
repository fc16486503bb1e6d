import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Edge, startEdge } from '../../edge/support/start-edge.ts';
import { type Cli, createCli } from './support/run-cli.ts';

let edge: Edge;
let cli: Cli;
beforeAll(async () => {
	edge = await startEdge();
	cli = createCli({ LONGSHORE_URL: edge.url, LONGSHORE_API_KEY: await edge.createAccount() });
});
afterAll(async () => {
	cli.remove();
	await edge.stop();
});

const write = (file: unknown): void => writeFileSync(join(cli.dir, 'longshore.json'), typeof file === 'string' ? file : JSON.stringify(file, null, 2));
const FILE = {
	templates: { base: { directory: './worker', args: 'run "me now"', env: { TOKEN: '${MY_TOKEN}' } } },
	endpoints: { web: { template: 'base', cpu: [{ id: 'cpu3c' }], workers: { max: 2 } } },
};
const env = { MY_TOKEN: 'hush-hush' };

describe('longshore deploy', () => {
	it('plans first, applies, and has nothing to do the second time', async () => {
		write(FILE);
		const dry = await cli.run(['deploy', '--dry-run', '--json'], { env });
		expect(dry.json).toMatchObject({ summary: { create: 2, update: 0, keep: 0 } });
		expect((await cli.run(['deploy'], { env })).code).toBe(2);
		expect((await cli.run(['endpoint', 'list', '--json'])).json).toEqual({ endpoints: [] });

		const first = await cli.run(['deploy', '--yes'], { env });
		expect(first.code).toBe(0);
		expect(first.stdout + first.stderr).not.toContain('hush-hush');
		const made = await cli.run(['endpoint', 'get', 'web', '--json']);
		expect(made.json).toMatchObject({ image: `process://${join(cli.dir, 'worker')}`, env: { TOKEN: 'hush-hush' }, workers: { max: 2 } });

		const second = await cli.run(['deploy', '--yes', '--json'], { env });
		expect(second).toMatchObject({ code: 0, stderr: '' });
		expect(second.json).toMatchObject({ summary: { create: 0, update: 0, keep: 2 } });

		write({ ...FILE, endpoints: { web: { ...FILE.endpoints.web, workers: { max: 4 } } } });
		const third = await cli.run(['deploy', '--yes'], { env });
		expect(third.stdout).toMatch(/workers\.max\s+2 → 4/);
		expect(third.stdout).toContain('in place');
		expect((await cli.run(['deploy', '--yes', '--json'], { env })).json).toMatchObject({ summary: { update: 0 } });
	});

	it('names line, field and fix of everything that is wrong with the file, and sends nothing', async () => {
		write(`{
  "endpoints": {
    "web": {
      "image": "a",
      "gpu": { "pools": ["ADA24"] },
      "worker": { "max": 2 },
      "timeout": "long"
    }
  }
}`);
		const run = await cli.run(['deploy', '--yes']);
		expect(run).toMatchObject({ code: 2, stdout: '' });
		expect(run.stderr).toMatch(/longshore\.json:5:\d+ {2}endpoints\.web\.gpu\.pools\.0: "ADA24" is not one of .*did you mean ADA_24/);
		expect(run.stderr).toMatch(/longshore\.json:6:7 {2}endpoints\.web\.worker: unknown field \(did you mean workers\?\)/);
		expect(run.stderr).toMatch(/longshore\.json:7:7 {2}endpoints\.web\.timeout: /);

		write('{\n  "endpoints": {\n    "web": { "image": "a", }\n  }\n}');
		expect((await cli.run(['deploy'])).stderr).toContain('longshore.json:3:28: a comma stands before "}"');
		write(FILE);
		expect((await cli.run(['deploy'])).stderr).toMatch(/longshore\.json:\d+:\d+ {2}templates\.base\.env\.TOKEN: \$\{MY_TOKEN\} is not set/);
		write({ endpoints: { web: { image: 'a', cpu: [{ id: 'cpu3c' }], workers: { min: 3, max: 1 } } } });
		expect((await cli.run(['deploy'])).stderr).toMatch(/longshore\.json:\d+:\d+ {2}endpoints\.web\.workers\.min: 3 must not exceed workers\.max \(1\): lower min or raise max/);
	});

	it('says how to begin where there is no file, and has a schema for editors', async () => {
		const run = await cli.run(['deploy', '-f', 'none.json']);
		expect(run.code).toBe(2);
		expect(run.stderr).toContain('"endpoints"');
		expect((await cli.run(['deploy', '--schema'])).json).toMatchObject({ title: 'longshore.json', type: 'object', properties: { endpoints: { type: 'object' } } });
	});
});
