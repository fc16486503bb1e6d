/** `longshore endpoint logs` and `longshore logs`: what an endpoint's workers, one of them, or one job printed. */
import type { LogLineV2, LogPageV2 } from '@longshore/shared-schema/wire/log-answers';
import { type Command, Option } from 'commander';
import { findEndpoint } from '../api/endpoints.ts';
import { followEvents } from '../api/events.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { parseDurationMs } from '../terminal/duration.ts';
import { plain } from '../terminal/style.ts';
import { UsageError } from '../usage-error.ts';

interface LogFlags {
	readonly worker?: string;
	readonly tail?: string;
	readonly since?: string;
	readonly source?: string;
	readonly follow?: boolean;
}

export function addLogs(program: Command, endpoint: Command): void {
	addFlags(
		define(endpoint, 'logs <endpoint>', 'What its workers print', [
			['longshore endpoint logs embed -f', 'live, from all workers'],
			['longshore endpoint logs embed --since 10m --source system', 'what the hosts say of them'],
		]),
	)
		.option('--worker <id>', 'one worker; see: longshore endpoint workers')
		.action(withSession(endpointLogs));
	addFlags(define(program, 'logs <endpoint> <job>', 'What a job printed', [['longshore logs embed 1f0c…-e01 -f', 'to its end']]))
		.helpGroup('Jobs:')
		.action(withSession(jobLogs));
}

function addFlags(command: Command): Command {
	return command
		.option('-f, --follow', 'go on as lines come')
		.option('--tail <n>', 'the newest lines to begin with (default: 100)')
		.option('--since <when>', 'only lines after this: 10m, or a time in UTC')
		.addOption(new Option('--source <source>', 'of the worker or of its host').choices(['container', 'system']));
}

async function endpointLogs(session: Session, nameOrId: string, flags: LogFlags): Promise<void> {
	const { id, name } = await findEndpoint(session, nameOrId);
	const lines = await show(session, `/v2/serverless/${id}${flags.worker === undefined ? '' : `/workers/${encodeURIComponent(flags.worker)}`}/logs`, flags);
	if (lines === 0 && flags.follow !== true)
		session.warn(`nothing was printed${flags.since === undefined ? '' : ' since then'}. Logs are kept for a day; workers now: longshore endpoint workers ${name}`);
}

async function jobLogs(session: Session, nameOrId: string, jobId: string, flags: LogFlags): Promise<void> {
	const { id, name } = await findEndpoint(session, nameOrId);
	const lines = await show(session, `/v2/${id}/logs/${encodeURIComponent(jobId)}`, flags);
	if (lines === 0) session.warn(`no line belongs to this job. Lines of workers with several jobs at a time need its id in them; all lines: longshore endpoint logs ${name}`);
}

/** Prints the lines; how many they were. */
async function show(session: Session, path: string, flags: LogFlags): Promise<number> {
	const query = queryOf(flags);
	let count = 0;
	const print = (line: LogLineV2): void => {
		count++;
		session.terminal.data(session.format === 'table' ? lineText(session, line) : JSON.stringify(line));
	};
	if (flags.follow === true) {
		for await (const { data } of followEvents(session.edge(), `${path}?${query}`)) print(JSON.parse(data) as LogLineV2);
		return count;
	}
	let page = await readPage(session, path, query);
	for (const silent = page.silent; ; page = await readPage(session, path, new URLSearchParams({ ...Object.fromEntries(query), since: page.lines.at(-1)?.ts ?? '' }))) {
		for (const line of page.lines) print(line);
		if (!page.more) {
			if (silent.length > 0) session.warn(`${silent.join(', ')} did not answer: lines may be missing`);
			return count;
		}
	}
}

async function readPage(session: Session, path: string, query: URLSearchParams): Promise<LogPageV2> {
	return (await session.edge().call('GET', `${path}?${query}`, { headers: { accept: 'application/json' } })) as LogPageV2;
}

function queryOf({ tail, since, source }: LogFlags): URLSearchParams {
	const query = new URLSearchParams();
	if (tail !== undefined) query.set('tail', tail);
	if (since !== undefined) query.set('since', sinceText(since));
	if (source !== undefined) query.set('source', source);
	return query;
}

/** `10m` as a time in UTC; a time as it is. */
function sinceText(text: string): string {
	if (/^\d{4}-/.test(text)) {
		const at = Date.parse(text);
		if (Number.isNaN(at)) throw new UsageError(`--since ${text} is no time`, 'Give a duration (10m), or a time like 2026-11-22T10:20:30Z');
		return /\.\d{4,6}Z$/.test(text) ? text : new Date(at).toISOString();
	}
	return new Date(Date.now() - parseDurationMs(text, '--since')).toISOString();
}

function lineText(session: Session, { ts, workerId, source, line }: LogLineV2): string {
	const { style } = session.terminal;
	const text = plain(line);
	return `${style.dim(ts.slice(11, 23))} ${style.dim(workerId)} ${source === 'system' ? style.bold(text) : text}`;
}
