/** A job's request from what was typed, a file, or a pipe. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Session } from '../session.ts';
import { parseDurationMs } from '../terminal/duration.ts';
import { UsageError } from '../usage-error.ts';

export interface JobFlags {
	readonly webhook?: string;
	readonly timeout?: string;
	readonly ttl?: string;
	readonly lowPriority?: boolean;
	readonly idempotencyKey?: string;
	readonly whole?: boolean;
}

export function addJobFlags(command: Command): Command {
	return command
		.option('--webhook <url>', 'call this when the job has ended')
		.option('--timeout <duration>', 'execution timeout of this job')
		.option('--ttl <duration>', 'the job ends this long after its submission')
		.option('--low-priority', 'runs when nothing else does; starts no workers')
		.option('--idempotency-key <key>', 'a repeat with the same key finds the same job')
		.option('--whole', 'what is given is the whole request body, not only its input');
}

/** The request's body and headers. `words`: JSON, `@file`, `-`, or `name=value` pairs. Throws `UsageError`. */
export async function jobRequest(session: Session, words: readonly string[], flags: JobFlags): Promise<{ body: string; headers: Record<string, string> }> {
	const given = await givenJson(session, words);
	const policy = {
		...(flags.timeout === undefined ? {} : { executionTimeout: parseDurationMs(flags.timeout, '--timeout') }),
		...(flags.ttl === undefined ? {} : { ttl: parseDurationMs(flags.ttl, '--ttl') }),
		...(flags.lowPriority === true ? { lowPriority: true } : {}),
	};
	const more = { ...(flags.webhook === undefined ? {} : { webhook: flags.webhook }), ...(Object.keys(policy).length === 0 ? {} : { policy }) };
	const headers: Record<string, string> = flags.idempotencyKey === undefined ? {} : { 'idempotency-key': flags.idempotencyKey };
	if (flags.whole === true) {
		if (Object.keys(more).length > 0) throw new UsageError('--whole cannot be given with --webhook, --timeout, --ttl or --low-priority: put them into the body');
		return { body: given, headers };
	}
	// The input goes as it was written: numbers beyond JavaScript's keep their digits.
	const rest = JSON.stringify(more).slice(1, -1);
	return { body: `{"input":${given}${rest === '' ? '' : `,${rest}`}}`, headers };
}

const SHAPES = `Give it as JSON, as name=value, from a file or a pipe:
  longshore runsync embed '{"text":"hello"}'
  longshore runsync embed text=hello
  longshore runsync embed @input.json
  echo '{"text":"hello"}' | longshore runsync embed`;

async function givenJson(session: Session, words: readonly string[]): Promise<string> {
	const [first] = words;
	if (first === undefined && !session.terminal.hasPipedInput) throw new UsageError('the job has no input', SHAPES);
	if (first === undefined || first === '-') return checked(await session.terminal.readInput(), 'the input from the pipe');
	if (first.startsWith('@')) return checked(readInputFile(first.slice(1)), first.slice(1));
	if (words.every((word) => /^[A-Za-z_][\w.-]*=/.test(word))) return JSON.stringify(Object.fromEntries(words.map(pairOf)));
	if (words.length > 1) throw new UsageError(`the input has ${words.length} parts that are not all name=value`, `Quote JSON as one word.\n${SHAPES}`);
	return checked(first, 'the input');
}

/** `count=3` is a number, `name=text` a text. */
function pairOf(word: string): [string, unknown] {
	const at = word.indexOf('=');
	const text = word.slice(at + 1);
	try {
		return [word.slice(0, at), JSON.parse(text)];
	} catch {
		return [word.slice(0, at), text];
	}
}

function readInputFile(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		throw new UsageError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message}`);
	}
}

function checked(text: string, what: string): string {
	try {
		const value: unknown = JSON.parse(text);
		if (typeof value === 'object' && value !== null && !Array.isArray(value)) return text.trim();
	} catch (error) {
		throw new UsageError(`${what} is not valid JSON: ${(error as Error).message}`, SHAPES);
	}
	throw new UsageError(`${what} must be a JSON object`, SHAPES);
}
