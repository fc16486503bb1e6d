/**
 * A worker for images: one file without imports of ours. Input members: `sleepMs`, `eat` (all the memory that there is), `write` (a path to
 * write to), `env` (names of variables to answer with); otherwise the input comes back. Answers HTTP on every port that it exposes.
 */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

interface Input {
	readonly sleepMs?: number;
	readonly eat?: boolean;
	readonly write?: string;
	readonly env?: readonly string[];
}

const env = (name: string): string => process.env[name] ?? '';
const workerId = env('RUNPOD_POD_ID');
const takeUrl = env('RUNPOD_WEBHOOK_GET_JOB').replace('$ID', workerId);
const doneUrl = env('RUNPOD_WEBHOOK_POST_OUTPUT').replace('$RUNPOD_POD_ID', workerId);
const headers = { authorization: env('RUNPOD_AI_API_KEY') };
process.on('SIGTERM', () => process.exit(0));

for (const [name, publicPort] of Object.entries(process.env)) {
	const exposed = /^RUNPOD_TCP_PORT_(\d+)$/.exec(name)?.[1];
	if (exposed === undefined) continue;
	// A process shares the ports of its host and listens at the one that it was given.
	const port = Number(env('BOXED') === '1' ? exposed : publicPort);
	createServer((_, response) => response.end(`port ${exposed} of ${workerId}`)).listen(port);
}

console.log('ready for jobs');
for (;;) {
	const answer = await fetch(`${takeUrl}&job_in_progress=0`, { headers }).catch(() => null);
	if (answer?.status !== 200) {
		await sleep(200);
		continue;
	}
	const job = (await answer.json()) as { readonly id: string; readonly input: Input };
	const body = await run(job.input).then(
		(output) => ({ output }),
		(error: Error) => ({ error: error.message }),
	);
	await fetch(`${doneUrl.replace('$ID', job.id)}&isStream=false`, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function run(input: Input): Promise<unknown> {
	await sleep(input.sleepMs ?? 0);
	const eaten: Buffer[] = [];
	while (input.eat === true) eaten.push(Buffer.alloc(16 * 2 ** 20, 1));
	if (input.write !== undefined) writeFileSync(input.write, 'written');
	return { worker: workerId, input, env: Object.fromEntries((input.env ?? []).map((name) => [name, process.env[name]])) };
}
