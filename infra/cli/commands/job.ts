/** `longshore run|runsync|status|cancel|retry|purge|health|requests`: an endpoint's jobs. */
import { SYNC_WAIT_MS } from '@longshore/shared-schema/limits';
import type { Command } from 'commander';
import { endpointIdOf } from '../api/endpoints.ts';
import { describeJob, followJob, isEnded, type JobView, runSync } from '../api/jobs.ts';
import { Failure } from '../failure.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { formatMs, parseDurationMs } from '../terminal/duration.ts';
import { paintState, plain } from '../terminal/style.ts';
import { renderFacts } from '../terminal/table.ts';
import { addJobFlags, type JobFlags, jobRequest } from './job-input.ts';

const GROUP = 'Jobs:';

export function addJobs(program: Command): void {
	addJobFlags(
		define(program, 'run <endpoint> [input...]', 'Submit a job and go on', [
			[`longshore run embed '{"text":"hello"}'`, 'prints its id'],
			['longshore run embed text=hello --wait 5m', 'waits for its end, without blocking a call'],
		]),
	)
		.option('--wait <duration>', 'wait this long for its end')
		.helpGroup(GROUP)
		.action(withSession(run));
	addJobFlags(
		define(program, 'runsync <endpoint> [input...]', 'Submit a job and print its output', [
			['longshore runsync embed text=hello', 'output to stdout, the rest to stderr'],
			['longshore runsync embed @input.json -o json', 'the whole answer'],
		]),
	)
		.option('--wait <duration>', 'wait at most this long', '10m')
		.helpGroup(GROUP)
		.action(withSession(runsync));
	define(program, 'status <endpoint> <job>', 'A job as it is, and why it waits', [['longshore status embed 1f0c…-e01 --wait 1m', 'waits for its end']])
		.option('--wait <duration>', 'wait this long for its end')
		.helpGroup(GROUP)
		.action(withSession(status));
	define(program, 'cancel <endpoint> <job>', 'End a job, wherever it is').helpGroup(GROUP).action(withSession(cancel));
	define(program, 'retry <endpoint> <job>', 'Run a failed job again').helpGroup(GROUP).action(withSession(retry));
}

async function run(session: Session, endpoint: string, words: readonly string[], flags: JobFlags & { readonly wait?: string }): Promise<void> {
	const waitMs = flags.wait === undefined ? null : parseDurationMs(flags.wait, '--wait');
	const { body, headers } = await jobRequest(session, words, flags);
	const id = await endpointIdOf(session, endpoint);
	const accepted = (await session.edge().call('POST', `/v2/${id}/run`, { body, headers })) as JobView;
	if (waitMs === null) {
		session.show(accepted, () => [accepted.id]);
		session.done('accepted: the job is kept from now on', [`longshore status ${endpoint} ${accepted.id} --wait 1m`]);
		return;
	}
	session.onInterrupt = `job ${accepted.id} goes on:\nlongshore status ${endpoint} ${accepted.id} --wait 10m`;
	showResult(session, endpoint, await followJob(session, id, accepted.id, performance.now() + waitMs));
}

async function runsync(session: Session, endpoint: string, words: readonly string[], flags: JobFlags & { readonly wait: string }): Promise<void> {
	const waitMs = parseDurationMs(flags.wait, '--wait');
	const { body, headers } = await jobRequest(session, words, flags);
	const id = await endpointIdOf(session, endpoint);
	const heldMs = Math.max(SYNC_WAIT_MS.min, Math.min(SYNC_WAIT_MS.default, waitMs));
	showResult(session, endpoint, await runSync(session, { id, typed: endpoint }, body, headers, performance.now() + waitMs, heldMs));
}

async function status(session: Session, endpoint: string, jobId: string, flags: { readonly wait?: string }): Promise<void> {
	const waitMs = flags.wait === undefined ? 0 : parseDurationMs(flags.wait, '--wait');
	const job = await followJob(session, await endpointIdOf(session, endpoint), jobId, performance.now() + waitMs);
	session.show(job, () => jobLines(session, job));
}

async function cancel(session: Session, endpoint: string, jobId: string): Promise<void> {
	const id = await endpointIdOf(session, endpoint);
	const job = (await session.edge().call('POST', `/v2/${id}/cancel/${encodeURIComponent(jobId)}`)) as JobView;
	session.show(job, () => jobLines(session, job));
	if (job.status === 'CANCELLED') session.done(`job ${jobId} is cancelled`);
	else session.warn(`job ${jobId} had ended before: ${job.status}`);
}

async function retry(session: Session, endpoint: string, jobId: string): Promise<void> {
	const id = await endpointIdOf(session, endpoint);
	const job = (await session.edge().call('POST', `/v2/${id}/retry/${encodeURIComponent(jobId)}`)) as JobView;
	session.show(job, () => jobLines(session, job));
	session.done(`job ${jobId} runs again`, [`longshore status ${endpoint} ${jobId} --wait 1m`]);
}

/** The output to stdout, how it went to stderr; throws `Failure` unless the job COMPLETED. */
function showResult(session: Session, endpoint: string, job: JobView): void {
	session.onInterrupt = undefined;
	if (session.format !== 'table') session.show(job, () => []);
	else if (job.output !== undefined && isEnded(job)) session.terminal.data(typeof job.output === 'string' ? job.output : JSON.stringify(job.output, null, 2));
	const times = [
		...(job.executionTime === undefined ? [] : [`ran ${formatMs(job.executionTime)}`]),
		...(job.delayTime === undefined ? [] : [`after ${formatMs(job.delayTime)} in line`]),
		...(job.workerId === undefined ? [] : [`on ${job.workerId}`]),
	].join(' ');
	if (job.status === 'COMPLETED') return session.done(`COMPLETED${times === '' ? '' : `: ${times}`}  ${session.terminal.talkStyle.dim(job.id)}`);
	if (!isEnded(job)) throw new Failure(`job ${job.id} has not ended yet: ${describeJob(job)}`, `It goes on. Wait for it: longshore status ${endpoint} ${job.id} --wait 10m`);
	const error = job.error === undefined ? '' : `: ${typeof job.error === 'string' ? job.error : JSON.stringify(job.error)}`;
	throw new Failure(
		`job ${job.id} ${job.status}${times === '' ? '' : ` (${times})`}${error}`,
		job.status === 'FAILED' ? `Run it again: longshore retry ${endpoint} ${job.id}` : undefined,
	);
}

function jobLines(session: Session, job: JobView): string[] {
	const { style, width } = session.terminal;
	const output = job.output === undefined ? '' : typeof job.output === 'string' ? job.output : JSON.stringify(job.output, null, 2);
	return renderFacts(
		[
			['Job', job.id],
			['Status', paintState(style, job.status)],
			['Why', job.why?.text ?? ''],
			['In line', job.delayTime === undefined ? '' : formatMs(job.delayTime)],
			['Ran', job.executionTime === undefined ? '' : formatMs(job.executionTime)],
			['Worker', job.workerId ?? ''],
			['Retries', (job.retries ?? 0) > 0 ? String(job.retries) : ''],
			['Error', job.error === undefined ? '' : style.bad(typeof job.error === 'string' ? job.error.split('\n').map(plain).join('\n') : JSON.stringify(job.error))],
			['Output', output],
		],
		width,
		style,
	);
}
