/** `longshore`: runs one command and turns its end into an exit code: 0 done, 1 could not be done, 2 written wrongly, 130 by Ctrl-C. */
import { CommanderError } from 'commander';
import { Failure } from './failure.ts';
import { createProgram } from './program.ts';
import { currentSession } from './session.ts';
import { clearProgress } from './terminal/progress.ts';
import { createStyle, wantsColor } from './terminal/style.ts';
import { UsageError } from './usage-error.ts';

const style = createStyle(wantsColor(process.env, process.stderr.isTTY === true, process.argv.includes('--no-color') ? false : undefined));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

// The reader of our output may have had enough: `longshore endpoint list | head -1`.
for (const stream of [process.stdout, process.stderr]) stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted(signal));

try {
	await createProgram().parseAsync();
} catch (error) {
	clearProgress();
	process.exitCode = report(error);
}

/** Says what went wrong; the exit code. */
function report(error: unknown): number {
	if (error instanceof CommanderError) return reportUsage(error);
	if (error instanceof UsageError) {
		complain(error.message, error.fix);
		return 2;
	}
	if (error instanceof Failure) {
		complain(error.message, error.fix);
		return error.exitCode;
	}
	const text = error instanceof Error ? error.message : String(error);
	complain(`this command failed: ${text}`, process.env['LONGSHORE_DEBUG'] === '1' ? (error as Error).stack : 'That is a fault of longshore itself. LONGSHORE_DEBUG=1 shows where.');
	return 1;
}

/** Commander's own complaints; help that was asked for is none. */
function reportUsage(error: CommanderError): number {
	if (error.exitCode === 0) return 0;
	if (error.code === 'commander.help') return 2; // Help was shown because no subcommand was named.
	complain(error.message.replace(/^error: /, '').replace(/\n\(Did you mean ([^)]*)\)/, '; did you mean $1'), `See: ${usageCommand()} --help`);
	return 2;
}

/** The command that was meant, as far as it is known, to ask it for help. */
function usageCommand(): string {
	let command = createProgram();
	for (const word of process.argv.slice(2)) {
		const next = command.commands.find((sub) => sub.name() === word || sub.aliases().includes(word));
		if (next === undefined) break;
		command = next;
	}
	const names: string[] = [];
	for (let one: typeof command | null = command; one !== null; one = one.parent) names.unshift(one.name());
	return names.join(' ');
}

function complain(message: string, fix: string | undefined): void {
	const [first = '', ...rest] = message.split('\n');
	say(`${style.bad('✗')} ${first}`);
	for (const line of rest) say(`  ${line}`);
	if (fix !== undefined) for (const line of fix.split('\n')) say(`  ${style.dim(line)}`);
}

function interrupted(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): void {
	clearProgress();
	const note = currentSession()?.onInterrupt;
	say(`Stopped${note === undefined ? '.' : `; ${note}`}`);
	process.exit(signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : 129);
}
