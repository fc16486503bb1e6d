/** `longshore template`: container settings from which endpoints are made. */
import type { Command } from 'commander';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { UsageError } from '../usage-error.ts';
import { bodyFromFlags, integer, type SpecFlags } from './endpoint-spec.ts';
import { findReference, TEMPLATES, withReferences } from './references.ts';
import { addResourceVerbs, column, factLines } from './resource.ts';

type TemplateFlags = Pick<SpecFlags, 'name' | 'image' | 'directory' | 'args' | 'env' | 'envFile' | 'registry' | 'fromFile'> & {
	readonly disk?: string;
	readonly port?: readonly string[];
};

export function addTemplate(program: Command): void {
	const template = define(program, 'template', 'Templates: image, command and environment', [
		['longshore template create base --image registry.example.com/base:1 --env MODE=fast', 'a template'],
		['longshore endpoint create text --template base --pool ADA_24', 'an endpoint from it'],
	])
		.alias('templates')
		.helpGroup('Resources:');
	withTemplateFlags(define(template, 'create <name>', 'Make a template')).action(withSession(create));
	withTemplateFlags(define(template, 'update <template>', 'Change it; endpoints made from it stay as they are'))
		.option('--name <name>', 'new name')
		.action(withSession(update));
	addResourceVerbs(template, {
		reference: TEMPLATES,
		createCommand: 'longshore template create --help',
		deletes: '',
		columns: ({ terminal: { style } }) => [
			column('NAME', 'name', { paint: style.bold }),
			column('ID', 'id'),
			column('IMAGE', 'image', { cut: true }),
			column('COMMAND', 'args', { cut: true, drop: 1 }),
		],
	});
}

function withTemplateFlags(command: Command): Command {
	const each = (value: string, before: readonly string[] | undefined): string[] => [...(before ?? []), value];
	return command
		.option('--image <image>', 'container image, or process:///directory')
		.option('--directory <path>', 'run a local process in this directory')
		.option('--args <command>', 'start command, split as a shell would')
		.option('--env <NAME=value>', 'environment variable (repeatable)', each)
		.option('--env-file <path>', 'environment variables, one NAME=value a line')
		.option('--registry <registry>', 'credential for the image (id or name)')
		.option('--port <port/kind>', 'exposed port: 8080/http, 22/tcp (repeatable)', each)
		.option('--disk <gb>', 'container disk in GB')
		.option('--from-file <path>', 'a REST v2 body as JSON; flags change it');
}

async function create(session: Session, name: string, flags: TemplateFlags): Promise<void> {
	const body = await bodyOf(session, { ...flags, name });
	if (body['image'] === undefined) throw new UsageError('a template needs something to run: --image or --directory');
	const made = await session.edge().call('POST', '/v2/templates', { body });
	session.show(made, () => factLines(session, made));
	session.done(`template ${name} made (${String(made['id'])})`, [`longshore endpoint create my-endpoint --template ${name} --pool ADA_24`]);
}

async function update(session: Session, nameOrId: string, flags: TemplateFlags): Promise<void> {
	if (Object.keys(flags).length === 0) throw new UsageError('nothing to change: give at least one setting', 'See them: longshore template update --help');
	const before = await findReference(session, TEMPLATES, nameOrId);
	const body = await bodyOf(session, flags, before);
	const after = await session.edge().call('PATCH', `/v2/templates/${String(before['id'])}`, { body });
	session.show(after, () => factLines(session, after));
	session.done(`template ${String(after['name'])} changed; endpoints made from it stay as they are`);
}

async function bodyOf(session: Session, flags: TemplateFlags, before?: Record<string, unknown>): Promise<Record<string, unknown>> {
	const body = bodyFromFlags(flags, before as Parameters<typeof bodyFromFlags>[1]);
	const disk = integer(flags.disk, '--disk');
	const registry = flags.registry === undefined ? {} : { registry: flags.registry };
	return withReferences(session, { ...body, ...(flags.port === undefined ? {} : { ports: flags.port }), ...(disk === undefined ? {} : { disk }) }, registry);
}
