import { describe, expect, it } from 'vitest';
import { needsNewWorkers } from '../../../../edge/src/core/release.ts';
import { type Manifest, manifest } from '../../../../infra/cli/deploy/manifest.ts';
import { type Change, IN_PLACE, type Live, type LiveThing, makePlan } from '../../../../infra/cli/deploy/plan.ts';
import { renderPlan } from '../../../../infra/cli/deploy/render-plan.ts';
import { createStyle, displayWidth } from '../../../../infra/cli/terminal/style.ts';
import { applyV2, specFromV2 } from '../../../../shared-schema/src/wire/rest-v2/endpoint-apply.ts';
import type { CreateEndpointV2 } from '../../../../shared-schema/src/wire/rest-v2/endpoint-body.ts';
import { toEndpointV2 } from '../../../../shared-schema/src/wire/rest-v2/endpoint-show.ts';
import { type CreateTemplateV2, templateFromV2, toTemplateV2 } from '../../../../shared-schema/src/wire/rest-v2/template.ts';

const NOTHING: Live = { volumes: [], templates: [], registries: [], endpoints: [] };
const read = (file: unknown): Manifest => manifest.parse(file);
const FILE = {
	templates: { base: { image: 'example/base:1', env: { MODE: 'a' }, disk: 20 } },
	endpoints: {
		web: { template: 'base', gpu: { pools: ['ADA_24'] }, workers: { max: 2 }, env: { MORE: 'b' } },
		cpu: { image: 'example/cpu:1', cpu: [{ id: 'cpu3c', vcpuCount: 4 }], scaling: { type: 'REQUEST_COUNT', requestCount: 2 } },
	},
};

/** The installation as it is when the changes have been made, by the rules of the edge. */
function carryOut(live: Live, changes: readonly Change[]): Live {
	const put = (all: readonly LiveThing[], thing: LiveThing): LiveThing[] => [...all.filter(({ name }) => name !== thing.name), thing];
	let next = live;
	for (const { kind, name, body, action } of changes) {
		if (action === 'keep') continue;
		if (kind === 'template')
			next = { ...next, templates: put(next.templates, toTemplateV2(`t-${name}`, name, templateFromV2(body as unknown as CreateTemplateV2)) as unknown as LiveThing) };
		if (kind === 'volume') next = { ...next, volumes: put(next.volumes, { id: `v-${name}`, name, ...body }) };
		if (kind !== 'endpoint') continue;
		const spec = specFromV2(body as unknown as CreateEndpointV2);
		next = { ...next, endpoints: put(next.endpoints, toEndpointV2({ id: `e-${name}`, createdAt: '', version: 1, origin: '' }, spec) as unknown as LiveThing) };
	}
	return next;
}

describe('a plan', () => {
	it('makes everything on an empty installation, and nothing the second time', () => {
		const first = makePlan(read(FILE), NOTHING);
		expect(first.problems).toEqual([]);
		expect(first.changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`)).toEqual(['create template base', 'create endpoint web', 'create endpoint cpu']);
		expect(first.changes[1]?.body).toMatchObject({ image: 'example/base:1', env: { MODE: 'a', MORE: 'b' }, disk: 20, type: 'QUEUE' });
		const second = makePlan(read(FILE), carryOut(NOTHING, first.changes));
		expect(second.changes.map(({ action, fields }) => [action, fields])).toEqual([
			['keep', []],
			['keep', []],
			['keep', []],
		]);
	});

	it('changes what differs and says whether workers are replaced', () => {
		const live = carryOut(NOTHING, makePlan(read(FILE), NOTHING).changes);
		const { web, cpu } = FILE.endpoints;
		const changed = read({ endpoints: { web: { ...web, workers: { min: 1, max: 5 } }, cpu: { ...cpu, image: 'example/cpu:2' } } });
		expect(makePlan(changed, live).changes).toMatchObject([
			{
				action: 'update',
				name: 'web',
				rolls: false,
				fields: [
					{ field: 'workers.min', old: 0, new: 1 },
					{ field: 'workers.max', old: 2, new: 5 },
				],
				body: { workers: { min: 1, max: 5 } },
			},
			{ action: 'update', name: 'cpu', rolls: true, fields: [{ field: 'image', old: 'example/cpu:1', new: 'example/cpu:2' }], body: { image: 'example/cpu:2' } },
		]);
	});

	it('takes back what the file no longer says', () => {
		const full = { ...FILE.endpoints.web, model: 'org/model', gpu: { pools: ['ADA_24'], excludedTypes: [], allowedCudaVersions: ['12.8'] } };
		const live = carryOut(NOTHING, makePlan(read({ ...FILE, endpoints: { web: full } }), NOTHING).changes);
		const [, change] = makePlan(read({ ...FILE, endpoints: { web: { ...FILE.endpoints.web, env: {} } } }), live).changes;
		expect(change?.fields.map(({ field }) => field).sort()).toEqual(['env.MORE', 'gpu.allowedCudaVersions', 'model']);
		expect(change?.body).toMatchObject({ model: null, env: { MODE: 'a' } });
	});

	it('refers to volumes by name, those that it makes too', () => {
		const file = read({ volumes: { data: { size: 10, dataCenter: 'EU-RO-1' } }, endpoints: { web: { ...FILE.endpoints.cpu, networkVolumes: ['data', 'old'] } } });
		const live = { ...NOTHING, volumes: [{ id: 'v-old', name: 'old' }] };
		expect(makePlan(file, live).changes[1]?.body['networkVolumes']).toEqual(['new:data', 'v-old']);
		const after = { ...live, volumes: [...live.volumes, { id: 'v-data', name: 'data', size: 10, dataCenter: 'EU-RO-1' }] };
		expect(makePlan(file, after).changes[1]?.body['networkVolumes']).toEqual(['v-data', 'v-old']);
	});

	it.each([
		[
			'a type that cannot change',
			{ endpoints: { web: { ...FILE.endpoints.web, type: 'LOAD_BALANCER', scaling: { type: 'REQUEST_COUNT', requestCount: 1 } } } },
			'endpoints.web.type',
			'stays so',
		],
		['GPUs that cannot come later', { endpoints: { cpu: { image: 'a', gpu: { pools: ['ADA_24'] } } } }, 'endpoints.cpu.gpu', 'stays so'],
		['fewer workers than there must be', { endpoints: { web: { ...FILE.endpoints.web, workers: { min: 5, max: 2 } } } }, 'endpoints.web.workers.min', 'lower min or raise max'],
		['nothing to run', { endpoints: { new: { cpu: [{ id: 'cpu3c' }] } } }, 'endpoints.new', 'image, directory or template'],
		['no hardware', { endpoints: { new: { image: 'a' } } }, 'endpoints.new', 'exactly one of gpu and cpu'],
		['a template that is not there', { endpoints: { new: { template: 'nope', cpu: [{ id: 'cpu3c' }] } } }, 'endpoints.new.template', 'no template "nope"'],
		['a quote that never closes', { endpoints: { new: { image: 'a', args: "run 'x", cpu: [{ id: 'cpu3c' }] } } }, 'endpoints.new.args', 'not closed'],
		['a registry that is not there', { endpoints: { new: { image: 'a', registry: 'r', cpu: [{ id: 'cpu3c' }] } } }, 'endpoints.new.registry', 'no registry "r"'],
		['a volume that would shrink', { volumes: { data: { size: 10, dataCenter: 'EU-RO-1' } } }, 'volumes.data.size', 'only grow'],
	])('refuses %s, with the place and the fix', (_, file, path, text) => {
		const live = { ...carryOut(NOTHING, makePlan(read(FILE), NOTHING).changes), volumes: [{ id: 'v', name: 'data', size: 20, dataCenter: 'EU-RO-1' }] };
		const { problems } = makePlan(read({ templates: FILE.templates, ...file }), live);
		expect(problems.map((problem) => problem.path.join('.'))).toEqual([path]);
		expect(problems[0]?.text).toContain(text);
	});

	it('knows as the edge does which settings need new workers', () => {
		const spec = specFromV2({ name: 'a', type: 'QUEUE', image: 'a:1', gpu: { pools: ['ADA_24'] } } as CreateEndpointV2);
		const changes: Record<string, object> = {
			image: { image: 'a:2' },
			args: { args: 'x' },
			env: { env: { A: '1' } },
			disk: { disk: 30 },
			ports: { ports: ['80/http'] },
			registry: { registry: 'r' },
			gpu: { gpu: { pools: ['AMPERE_80'] } },
			dataCenterIds: { dataCenterIds: ['EU-RO-1'] },
			networkVolumes: { networkVolumes: ['v'] },
			model: { model: 'org/m' },
			workers: { workers: { max: 9 } },
			scaling: { scaling: { type: 'REQUEST_COUNT', requestCount: 1 } },
			timeout: { timeout: 9_000 },
			ttl: { ttl: 90_000 },
			retries: { retries: 3 },
			flashboot: { flashboot: 'FLASHBOOT' },
			webhook: { webhook: { profile: 'durable' } },
			fallbackOrder: { fallbackOrder: 'region' },
		};
		for (const [member, body] of Object.entries(changes)) expect(needsNewWorkers(spec, applyV2(spec, body)), member).toBe(!IN_PLACE.has(member));
	});

	it('is shown within the terminal, without the values of variables', () => {
		const plan = makePlan(read({ ...FILE, templates: { base: { image: `example/${'long'.repeat(60)}`, env: { TOKEN: 'hush-hush' } } } }), NOTHING);
		const lines = renderPlan(plan, createStyle(false), 80);
		expect(lines.join('\n')).not.toContain('hush-hush');
		for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(80);
		expect(lines.at(-1)).toBe('3 to make.');

		const live = carryOut(NOTHING, makePlan(read(FILE), NOTHING).changes);
		const changed = makePlan(read({ endpoints: { cpu: { ...FILE.endpoints.cpu, image: `example/${'other'.repeat(60)}` } } }), live);
		for (const width of [80, 120]) for (const line of renderPlan(changed, createStyle(false), width)) expect(displayWidth(line)).toBeLessThanOrEqual(width);
	});
});
