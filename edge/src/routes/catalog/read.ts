/** `/v2/catalog/{gpus,cpus,datacenters}`: what endpoints may ask for, what it costs and how free it is. */
import type { Catalog } from '@longshore/shared-schema/catalog/catalog';
import { suggestion } from '@longshore/shared-schema/config/parse';
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { GPUS_PER_WORKER_MAX } from '@longshore/shared-schema/limits';
import { type CpuTypeV2, type DataCenterV2, type GpuTypeV2, showCpus, showDataCenters, showGpus } from '@longshore/shared-schema/wire/rest-v2/catalog';
import type { Env } from '../../env.ts';
import { authenticate, requireScope } from '../../gate/authenticate.ts';
import { type IntegerParameter, integerOf } from '../../gate/query.ts';

/** What availability is asked for: RunPod names pods and clusters too, of which there are none here. */
const PRODUCTS = ['POD', 'CLUSTER', 'SERVERLESS'];
export const COUNT: IntegerParameter = { name: 'count', min: 1, max: GPUS_PER_WORKER_MAX };

type Noun = 'gpus' | 'cpus' | 'dataCenters';

/** The whole list, wrapped, with the date and source of its prices. */
export async function listCatalog(env: Env, request: Request, noun: Noun): Promise<Response> {
	const { catalog, items } = await look(env, request, noun);
	return Response.json({ [noun]: items, date: catalog.date, source: catalog.source });
}

/** One entry by its id. Throws `unknown_resource`. */
export async function getCatalogEntry(env: Env, request: Request, noun: Noun, id: string): Promise<Response> {
	const { items } = await look(env, request, noun);
	const item = items.find((candidate) => candidate.id === id);
	if (item === undefined) throw new LongshoreError('unknown_resource', `${{ gpus: 'GPU type', cpus: 'CPU flavour', dataCenters: 'data centre' }[noun]} not found`);
	return Response.json(item);
}

/** Everybody's catalogue: any key that may read sees it, one of chosen endpoints too. */
async function look(env: Env, request: Request, noun: Noun): Promise<{ catalog: Catalog; items: (GpuTypeV2 | CpuTypeV2 | DataCenterV2)[] }> {
	requireScope(await authenticate(env, request), 'read');
	const include = choices(request, 'include', noun === 'dataCenters' ? ['GPU_AVAILABILITY', 'CPU_AVAILABILITY'] : ['AVAILABILITY']);
	const products = choices(request, 'product', PRODUCTS);
	if (noun === 'gpus' && include.includes('AVAILABILITY') !== products.length > 0)
		throw new LongshoreError('invalid_request', 'include=AVAILABILITY and product come together: add product=SERVERLESS, or leave both out');
	const count = integerOf(request, COUNT, 1);
	const { catalog, hosts } = await env.REGION_DIRECTORY.getByName('all').outlook();
	if (noun === 'cpus') return { catalog, items: showCpus(catalog) };
	if (noun === 'dataCenters') return { catalog, items: showDataCenters(catalog, hosts, include.includes('GPU_AVAILABILITY')) };
	// Pods and clusters are not sold here: only serverless finds anything free.
	const seen = include.length === 0 || products.includes('SERVERLESS') ? hosts : [];
	return { catalog, items: showGpus(catalog, seen, include.length === 0 ? null : count) };
}

/** The values of a query parameter that is a list with commas. Throws `invalid_request` for one that is not among `known`. */
function choices(request: Request, name: string, known: readonly string[]): string[] {
	const values = new URL(request.url).searchParams
		.getAll(name)
		.flatMap((text) => text.split(','))
		.filter((value) => value !== '');
	const wrong = values.find((value) => !known.includes(value));
	if (wrong !== undefined) throw new LongshoreError('invalid_request', `${name}: "${wrong.slice(0, 80)}" is not one of ${known.join(', ')}${suggestion(wrong, known)}`);
	return values;
}
