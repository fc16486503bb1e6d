/** `longshore deploy`: makes the installation as a checked-in `longshore.json` says, after showing what that changes. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { Failure } from '../failure.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { parseDurationMs } from '../terminal/duration.ts';
import { UsageError } from '../usage-error.ts';

interface DeployFlags {
	readonly file: string;
	readonly dryRun?: boolean;
	readonly yes?: boolean;
	readonly wait: boolean;
	readonly timeout: string;
	readonly schema?: boolean;
}

export function addDeploy(program: Command): void {
	define(program, 'deploy', 'Make everything as longshore.json says', [
		['longshore deploy --dry-run', 'only the plan'],
		['longshore deploy --yes', 'for CI: no question'],
		['longshore deploy --schema > longshore.schema.json', 'for editors: "$schema": "./longshore.schema.json"'],
	])
		.option('-f, --file <path>', 'the file', 'longshore.json')
		.option('--dry-run', 'show the plan and change nothing')
		.option('-y, --yes', 'apply without a question')
		.option('--no-wait', 'do not wait until all workers run a new release')
		.option('--timeout <duration>', 'wait at most this long for that', '10m')
		.option('--schema', 'print the JSON Schema of the file and do nothing else')
		.helpGroup('Resources:')
		.action(withSession(deploy));
}

async function deploy(session: Session, flags: DeployFlags): Promise<void> {
	// The schemas take a moment to load: only this command pays for them.
	const [{ manifestJsonSchema }, { readManifest }, { makePlan }, { applyPlan, readLive }, { countsOf, renderPlan }] = await Promise.all([
		import('../deploy/manifest.ts'),
		import('../deploy/read-manifest.ts'),
		import('../deploy/plan.ts'),
		import('../deploy/apply.ts'),
		import('../deploy/render-plan.ts'),
	]);
	if (flags.schema === true) return session.terminal.data(JSON.stringify(manifestJsonSchema(), null, 2));
	const waitMs = parseDurationMs(flags.timeout, '--timeout');
	const read = readManifest(resolve(flags.file), session.terminal.env);
	session.projectContext = read.manifest.context;
	const { name, url } = session.context;
	const plan = makePlan(read.manifest, await readLive(session));
	if (plan.problems.length > 0) throw read.problems(plan.problems);
	const counts = countsOf(plan);
	const { style, width } = session.terminal;
	session.show({ context: name, url, changes: plan.changes.map(({ body: _, ...change }) => withoutValues(change)), summary: counts }, () => [
		`Plan for ${style.bold(name)} (${url})`,
		'',
		...renderPlan(plan, style, Math.min(width, 160)),
	]);
	if (counts.create + counts.update === 0) return;
	if (flags.dryRun === true) return session.warn('dry run: nothing was changed. Apply it: longshore deploy --yes');
	if (flags.yes !== true) await confirm(session, counts.create + counts.update);
	await applyPlan(session, read.manifest, plan, flags.wait ? performance.now() + waitMs : null);
	session.done('everything is as the file says', ['longshore endpoint list']);
}

/** Environment values may be secrets: programs get the names of those that change, as people do. */
function withoutValues<T extends { readonly fields: readonly { readonly field: string; readonly old: unknown; readonly new: unknown }[] }>(change: T): T {
	const hide = (value: unknown): unknown => (value === null ? null : '(hidden)');
	return { ...change, fields: change.fields.map((entry) => (entry.field.startsWith('env.') ? { ...entry, old: hide(entry.old), new: hide(entry.new) } : entry)) };
}

async function confirm(session: Session, count: number): Promise<void> {
	if (!session.terminal.canAsk) throw new UsageError('nobody can be asked here whether to apply this', 'Add --yes to apply it, or --dry-run to only look.');
	const prompts = await import('@clack/prompts');
	const answer = await prompts.confirm({ message: `Apply ${count === 1 ? 'this change' : `these ${count} changes`}?`, initialValue: false, output: process.stderr });
	if (answer !== true) throw new Failure('stopped: nothing was changed');
}
