/** `npm start`: the whole system in one terminal. Sets up what is missing, starts every process in order, keeps them running, and stops what it started. */
import { ConfigError } from '@longshore/shared-schema/config/parse';
import { readStackSettings, USAGE } from './settings.ts';
import { Stack } from './stack.ts';

/** One Ctrl-C reaches us up to three times: from the terminal, from npm and from the bootstrap. */
const SAME_SIGNAL_MS = 1_000;

const say = (line: string): void => {
	process.stderr.write(`${line}\n`);
};

if (process.argv.includes('--help')) {
	process.stdout.write(`${USAGE}\n`);
	process.exit(0);
}

const stack = new Stack(readSettings(), say);
let firstSignalMs: number | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
	process.on(signal, () => {
		const nowMs = performance.now();
		if (firstSignalMs === undefined) {
			firstSignalMs = nowMs;
			say('\nStopping; once more kills everything at once.');
			void end(0);
		} else if (nowMs - firstSignalMs > SAME_SIGNAL_MS) {
			stack.kill();
			process.exit(1);
		}
	});
}
// A defect of the supervisor must not leave the others running unsupervised.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
	process.on(event, (error: unknown) => {
		say(`\nThe supervisor failed and kills what it started: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
		stack.kill();
		process.exit(1);
	});
}
// A terminal that was closed must not stop us from stopping the others.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

try {
	process.stdout.write(await stack.start());
} catch (error) {
	if (firstSignalMs === undefined) {
		say(`\n${error instanceof Error ? error.message : String(error)}`);
		await end(1);
	}
}

async function end(status: number): Promise<void> {
	const left = await stack.stop();
	if (left.length > 0) say(`Not stopped, killed now: ${left.join(', ')}`);
	else if (status === 0) say('Stopped; nothing is left running.');
	process.exit(left.length > 0 ? 1 : status);
}

function readSettings(): ReturnType<typeof readStackSettings> {
	try {
		return readStackSettings(process.argv.slice(2), process.env);
	} catch (error) {
		if (!(error instanceof ConfigError)) throw error;
		say(error.message);
		process.exit(2);
	}
}
