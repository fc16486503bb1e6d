/** Workloads from the public traces: each reads its file and says what it makes of it. */
import { createRandom, gamma, logNormal, pick } from './random.ts';
import { type HostChange, makeHosts, type Scenario, TAIL_MS, toArrivals } from './scenario.ts';
import { endpointWith, GPU_TYPES, WORLD } from './synthetic.ts';
import type { TraceFolder } from './trace-files.ts';

/** Language models: a fixed part, then so much a prompt token and a generated one. Ours: the traces hold token counts only. */
const LLM = { fixedMs: 200, perInputTokenMs: 0.25, perOutputTokenMs: 30, concurrency: 4 } as const;
const LLM_COLD_START_MS = { median: 25_000, sigma: 0.3 } as const;
/** Availability data of nine zones, all of one GPU type, over the first half of 2023. */
const SPOT_SERIES = 'aws-02-15-2023';

/** Image generation, 23 days: one endpoint a base model, run times as measured, cold starts drawn from the measured load times of base models. */
export function imageGeneration(traces: TraceFolder): Scenario {
	const loadsMs = traces
		.rows('gentd26-latencies')
		.filter((row) => row('metric') === 'load_base')
		.map((row) => Number(row('value_ms')));
	const requests = traces.rows('gentd26-sd-requests').filter((row) => Number(row('exec_s')) > 0);
	const models = [...new Set(requests.map((row) => row('checkpoint')))].sort();
	const arrivals = toArrivals(requests.map((row) => ({ atMs: Number(row('t_s')) * 1_000, endpoint: models.indexOf(row('checkpoint')), execMs: Number(row('exec_s')) * 1_000 })));
	return {
		name: 'GenTD26 image generation',
		...makeHosts(WORLD),
		endpoints: models.map((model) => endpointWith(model === '' ? 'none' : model, { coldStartMs: (random) => pick(random, loadsMs), downloadMs: 0 })),
		arrivals,
		hostChanges: [],
		untilMs: (arrivals.atMs.at(-1) ?? 0) + TAIL_MS,
		source: 'alibaba/clusterdata cluster-trace-v2026-GenAI (research or study use)',
	};
}

/** The same requests on spot instances: a region a zone, all its hosts there exactly when the zone's probe found an instance. */
export function imageGenerationOnSpot(traces: TraceFolder): Scenario {
	const base = imageGeneration(traces);
	const rows = traces.rows('skypilot-spot-traces').filter((row) => row('kind') === 'availability' && row('cloud_start') === SPOT_SERIES);
	const zones = [...new Set(rows.map((row) => row('zone')))].sort();
	const { regions, hosts } = makeHosts({ ...WORLD, regions: zones.length, hostsPerRegion: 10 });
	const hostChanges: HostChange[] = rows.flatMap((row) => {
		const region = regions[zones.indexOf(row('zone'))];
		const atMs = Number(row('t_s')) * 1_000;
		return atMs > base.untilMs ? [] : hosts.filter((host) => host.region === region).map((host) => ({ atMs, hostId: host.id, up: Number(row('value')) > 0 }));
	});
	return {
		...base,
		name: 'GenTD26 on SkyPilot spot zones',
		regions,
		hosts,
		hostChanges: hostChanges.sort((a, b) => a.atMs - b.atMs),
		source: `${base.source}; skypilot-org/spot-traces ${SPOT_SERIES} (no licence stated, NSDI'24)`,
	};
}

/** One endpoint of a language model, one hour. `kind`: chat is steady, code comes in bursts. */
export function languageModel(traces: TraceFolder, kind: 'conv' | 'code'): Scenario {
	const requests = traces
		.rows(`azure-llm-2023-${kind}`)
		.map((row) => ({ atMs: Number(row('t_s')) * 1_000, inputs: Number(row('context_tokens')), outputs: Number(row('generated_tokens')) }));
	return llmScenario(`Azure LLM 2023 ${kind}`, [requests], 'Azure/AzurePublicDataset (CC-BY 4.0)');
}

/** A chat model of long prompts, one hour. */
export function longPrompts(traces: TraceFolder): Scenario {
	const requests = traces.rows('mooncake-conversation').map((row) => ({ atMs: Number(row('t_ms')), inputs: Number(row('input_tokens')), outputs: Number(row('output_tokens')) }));
	return llmScenario('Mooncake conversation', [requests], 'kvcache-ai/Mooncake (Apache-2.0)');
}

/** One day of the 20 busiest clients of one published workload, a client an endpoint: gaps drawn from the distribution fitted to each ten minutes. */
export function clientsOfADay(traces: TraceFolder, seed: number): Scenario {
	const windowMs = 600_000;
	const rows = traces.rows('servegen-client-arrivals').filter((row) => row('workload') === 'mm-image' && Number(row('t_s')) < 86_400);
	const rates = Map.groupBy(rows, (row) => row('client'));
	const total = (client: string): number => (rates.get(client) ?? []).reduce((sum, row) => sum + Number(row('rate_rps')), 0);
	const clients = [...rates.keys()].sort((a, b) => total(b) - total(a) || Number(a) - Number(b)).slice(0, 20);
	const arrivals = clients.flatMap((client, endpoint) => {
		const random = createRandom(seed, `servegen ${client}`);
		return (rates.get(client) ?? []).flatMap((row) => {
			const [fromMs, rate, cv] = [Number(row('t_s')) * 1_000, Number(row('rate_rps')), Math.max(0.1, Number(row('cv')))];
			const shape = 1 / (cv * cv);
			const times: { atMs: number; endpoint: number; execMs: number }[] = [];
			const gap = (): number => gamma(random, shape, 1_000 / rate / shape);
			// The first gap begins at a random point of its own, so that windows do not all begin with a job.
			for (let atMs = gap() * random(); atMs < windowMs; atMs += gap()) times.push({ atMs: fromMs + atMs, endpoint, execMs: logNormal(random, 3_000, 0.6) });
			return times;
		});
	});
	return {
		name: 'ServeGen mm-image, 20 clients',
		...makeHosts(WORLD),
		endpoints: clients.map((client) =>
			endpointWith(`c${client}`, { concurrency: 2, coldStartMs: (random) => logNormal(random, LLM_COLD_START_MS.median, LLM_COLD_START_MS.sigma), downloadMs: 0 }),
		),
		arrivals: toArrivals(arrivals),
		hostChanges: [],
		untilMs: 86_400_000 + TAIL_MS,
		source: 'alibaba/ServeGen (Apache-2.0); times drawn from its fitted rates and variations',
	};
}

interface LlmRequest {
	readonly atMs: number;
	readonly inputs: number;
	readonly outputs: number;
}

function llmScenario(name: string, requestsOf: readonly (readonly LlmRequest[])[], source: string): Scenario {
	const arrivals = toArrivals(
		requestsOf.flatMap((requests, endpoint) =>
			requests.map(({ atMs, inputs, outputs }) => ({ atMs, endpoint, execMs: LLM.fixedMs + inputs * LLM.perInputTokenMs + outputs * LLM.perOutputTokenMs })),
		),
	);
	return {
		name,
		...makeHosts({ ...WORLD, gpuTypes: GPU_TYPES.slice(2) }),
		endpoints: requestsOf.map((_, index) =>
			endpointWith(`llm${index + 1}`, {
				concurrency: LLM.concurrency,
				coldStartMs: (random) => logNormal(random, LLM_COLD_START_MS.median, LLM_COLD_START_MS.sigma),
				downloadMs: 0,
			}),
		),
		arrivals,
		hostChanges: [],
		untilMs: (arrivals.atMs.at(-1) ?? 0) + TAIL_MS,
		source,
	};
}
