/** `npm run sim`: runs every scenario under every rule, prints the tables and writes them as JSON. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { formatTable, formatVerdicts, judge, type Row } from './compare.ts';
import { parseOptions, type SimOptions, USAGE } from './options.ts';
import { OUR_RULES, PUBLISHED_RULES } from './rules/all.ts';
import type { Scenario } from './scenario.ts';
import { simulate } from './simulate.ts';
import { bursty, daily, steady, vanishing } from './synthetic.ts';
import { openTraces } from './trace-files.ts';
import { clientsOfADay, imageGeneration, imageGenerationOnSpot, languageModel, longPrompts } from './traced.ts';

const HOUR_MS = 3_600_000;

if (process.argv.includes('--help')) {
	process.stdout.write(`${USAGE}\n`);
	process.exit(0);
}
const options = parseOptions(process.argv.slice(2), process.env);
const rules = [...PUBLISHED_RULES, ...OUR_RULES].filter(({ name, of }) => isNamed(options.rules, `${of} ${name}`));
const results = scenariosOf(options)
	.filter(({ name }) => isNamed(options.only, name))
	.map(({ make }) => runScenario(make()));
const file = resolve(options.out ?? resolve(import.meta.dirname, '../../sim-results', `${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.json`));
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify({ seed: options.seed, hours: options.hours, results }, undefined, '\t')}\n`);
process.stdout.write(`written to ${file}\n`);

function runScenario(scenario: Scenario) {
	const hours = scenario.untilMs / HOUR_MS;
	process.stdout.write(
		`\n## ${scenario.name}\n${scenario.arrivals.atMs.length} jobs of ${scenario.endpoints.length} endpoints in ${hours.toFixed(1)} h; ${scenario.hosts.length} hosts in ${scenario.regions.length} regions; seed ${options.seed}; ${scenario.source}\n\n`,
	);
	const rows: Row[] = rules.map((kind) => {
		const before = process.cpuUsage();
		const outcome = simulate(scenario, kind, options.seed);
		const { user, system } = process.cpuUsage(before);
		return { rule: kind.name, of: kind.of, outcome, cpuMs: Math.round((user + system) / 1_000) };
	});
	const slowestMs = Math.max(...rows.map(({ cpuMs }) => cpuMs));
	process.stdout.write(
		`${formatTable(rows)}\n\n${formatVerdicts(rows)}\nslowest rule: ${Math.round((hours * 60_000) / Math.max(1, slowestMs))} simulated hours a minute of processor time\n`,
	);
	return {
		scenario: scenario.name,
		source: scenario.source,
		jobs: scenario.arrivals.atMs.length,
		hours,
		hosts: scenario.hosts.length,
		regions: scenario.regions.length,
		rows,
		verdicts: judge(rows),
	};
}

function scenariosOf({ traces, seed, hours }: SimOptions): { name: string; make: () => Scenario }[] {
	if (traces === undefined) {
		return [
			{ name: 'steady', make: () => steady(seed, hours) },
			{ name: 'bursty', make: () => bursty(seed, hours) },
			{ name: 'daily', make: () => daily(seed, hours) },
			{ name: 'vanishing', make: () => vanishing(seed, hours) },
		];
	}
	const folder = openTraces(traces);
	return [
		{ name: 'gentd26', needs: ['gentd26-sd-requests', 'gentd26-latencies'], make: () => imageGeneration(folder) },
		{ name: 'code', needs: ['azure-llm-2023-code'], make: () => languageModel(folder, 'code') },
		{ name: 'conv', needs: ['azure-llm-2023-conv'], make: () => languageModel(folder, 'conv') },
		{ name: 'mooncake', needs: ['mooncake-conversation'], make: () => longPrompts(folder) },
		{ name: 'servegen', needs: ['servegen-client-arrivals'], make: () => clientsOfADay(folder, seed) },
		{ name: 'spot', needs: ['gentd26-sd-requests', 'gentd26-latencies', 'skypilot-spot-traces'], make: () => imageGenerationOnSpot(folder) },
	].filter(({ name, needs }) => {
		const missing = needs.filter((file) => !folder.has(file));
		if (missing.length > 0) process.stderr.write(`left out ${name}: ${traces} has no ${missing.map((file) => `${file}.csv.gz`).join(', ')}\n`);
		return missing.length === 0;
	});
}

function isNamed(words: readonly string[], name: string): boolean {
	return words.length === 0 || words.some((word) => name.toLowerCase().includes(word));
}
