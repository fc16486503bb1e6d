/** The command `longshore` as a whole: every noun and verb, and the options that all of them take. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { addAdvise } from './commands/advise.ts';
import { addCatalog } from './commands/catalog.ts';
import { addCompletion } from './commands/completion.ts';
import { addContext } from './commands/context.ts';
import { addCost } from './commands/cost.ts';
import { addDeploy } from './commands/deploy.ts';
import { addDoctor } from './commands/doctor.ts';
import { addEndpoint } from './commands/endpoint.ts';
import { addEndpointFleet } from './commands/endpoint-fleet.ts';
import { addExplain } from './commands/explain.ts';
import { addWorker } from './commands/host-gpus.ts';
import { addJobs } from './commands/job.ts';
import { addAccount, addKey } from './commands/key.ts';
import { addLogin } from './commands/login.ts';
import { addLogs } from './commands/logs.ts';
import { addQueue } from './commands/queue.ts';
import { addRegion } from './commands/region.ts';
import { addStorage } from './commands/storage.ts';
import { addTemplate } from './commands/template.ts';
import { helpConfiguration, setExamples } from './help.ts';

export function createProgram(): Command {
	const program = new Command('longshore');
	program
		.description("Runs and looks after a Longshore: a serverless GPU gateway that speaks RunPod Serverless' API.")
		.version(versionOf(), '-V, --version', 'version of this command')
		.helpOption('-h, --help', 'help on a command')
		.addOption(new Option('-o, --output <format>', 'how results are shown').choices(['table', 'json', 'yaml']))
		.addOption(new Option('--json', 'the same as -o json').conflicts('output'))
		.option('--context <name>', 'which installation; see: longshore context list')
		.option('--no-input', 'never ask')
		.option('--no-color', 'no colours; so does NO_COLOR=1')
		.configureHelp(helpConfiguration())
		.exitOverride()
		// What went wrong is said once, by main.
		.configureOutput({ outputError: () => undefined })
		.helpCommand(false);
	setExamples(program, [
		['longshore endpoint list', 'what runs here'],
		[`longshore runsync embed '{"text":"hello"}'`, 'a job, and its output'],
		['longshore deploy --dry-run', 'what longshore.json would change'],
		['longshore doctor', 'is everything all right?'],
	]);
	const endpoint = addEndpoint(program);
	addEndpointFleet(endpoint);
	addExplain(endpoint);
	addDeploy(program);
	addTemplate(program);
	addStorage(program);
	addKey(program);
	addCatalog(program);
	addJobs(program);
	addQueue(program);
	addLogs(program, endpoint);
	addCost(program);
	addAdvise(program);
	addContext(program);
	addLogin(program);
	addRegion(program);
	addWorker(program);
	addAccount(program);
	addDoctor(program);
	addCompletion(program);
	return program;
}

function versionOf(): string {
	const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string };
	return version;
}
