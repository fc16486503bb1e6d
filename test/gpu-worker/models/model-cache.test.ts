import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ModelCache, type ModelCacheOptions, type ModelLease, openModelCache } from '../../../gpu-worker/src/models/model-cache.ts';
import { commitOf, type ModelMirror, someBytes, startModelMirror } from '../../support/model-mirror.ts';
import { until } from '../../support/wait.ts';
import { silentLog } from '../support/describe-runtime.ts';

const WEIGHTS = someBytes(600_000, 1);
const FILES = { 'config.json': Buffer.from('{"a":1}'), 'onnx/model.onnx': someBytes(300_000, 2), 'model.safetensors': WEIGHTS, empty: new Uint8Array(0) };
const BYTES = Object.values(FILES).reduce((sum, { length }) => sum + length, 0);

let home: string;
let mirror: ModelMirror;
let nowMs: number;
let notes: string[];
beforeEach(async () => {
	home = mkdtempSync(join(tmpdir(), 'longshore-models-'));
	mirror = await startModelMirror();
	mirror.put({ repo: 'org/name', files: FILES });
	nowMs = 1_000_000;
	notes = [];
});
afterEach(async () => {
	await mirror.stop();
	rmSync(home, { recursive: true, force: true });
});

const open = (more: Partial<ModelCacheOptions> = {}): ModelCache =>
	openModelCache({ directory: join(home, 'models'), address: mirror.url, budgetBytes: 10_000_000, retryMs: 5, log: silentLog, now: () => nowMs, ...more });
const ensure = (cache: ModelCache, model = 'org/name', token: string | null = null, signal = new AbortController().signal): Promise<ModelLease> =>
	cache.ensure({ model, token, signal, note: (text) => void notes.push(text) });
/** A part of a file may become the whole while one looks. */
const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
const refusalOf = async (promise: Promise<ModelLease>): Promise<string> => {
	const error = await promise.then(
		() => new Error('it was given'),
		(thrown: Error) => thrown,
	);
	expect(error).toMatchObject({ name: 'WorkerStartError' });
	return error.message;
};
const contentOf = ({ path, commit }: ModelLease): Record<string, Buffer> =>
	Object.fromEntries(
		Object.keys(FILES).flatMap((file) => (existsSync(join(path, 'snapshots', commit, file)) ? [[file, readFileSync(join(path, 'snapshots', commit, file))]] : [])),
	);
const EXPECTED = Object.fromEntries(Object.entries(FILES).map(([path, content]) => [path, Buffer.from(content)]));

describe('a model', () => {
	test('lies as the hub’s own client lays it: links into blobs, named by checksum, and what the branch stands for', async () => {
		const lease = await ensure(open());
		expect(lease).toMatchObject({ folder: 'models--org--name', commit: commitOf('org/name'), path: join(home, 'models/hub/models--org--name') });
		expect(readFileSync(join(lease.path, 'refs/main'), 'utf8')).toBe(lease.commit);
		const link = join(lease.path, 'snapshots', lease.commit, 'onnx/model.onnx');
		expect(lstatSync(link).isSymbolicLink()).toBe(true);
		expect(readlinkSync(link)).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
		expect(readlinkSync(join(lease.path, 'snapshots', lease.commit, 'config.json'))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
		expect(contentOf(lease)).toEqual(EXPECTED);
		expect(statSync(link).mode & 0o222, 'nobody writes to a blob').toBe(0);
		expect(readdirSync(lease.path).sort()).toEqual(['blobs', 'refs', 'snapshots']);
	});

	test('that is here is given without a word to the mirror, to a new agent too', async () => {
		await ensure(open());
		const asked = mirror.asked.length;
		const again = await ensure(open());
		expect(mirror.asked).toHaveLength(asked);
		expect(contentOf(again)).toEqual(EXPECTED);
		expect(notes.at(-1)).toBe('model org/name is on this host');
	});

	test('that several ask for at once is downloaded once', async () => {
		const cache = open();
		const release = mirror.hold();
		const both = [ensure(cache), ensure(cache), ensure(cache, 'https://huggingface.co/org/name')];
		await until(() => mirror.downloads().length >= 3, { what: 'the download is under way' });
		expect(cache.figure().downloads).toEqual([{ model: 'org/name', bytes: 0, totalBytes: BYTES }]);
		release();
		const leases = await Promise.all(both);
		expect(new Set(leases.map(({ commit }) => commit)).size).toBe(1);
		expect(mirror.downloads().filter(({ path }) => path.startsWith('/storage/') && path.endsWith('model.safetensors'))).toHaveLength(1);
		expect(cache.figure()).toEqual({ usedBytes: BYTES, budgetBytes: 10_000_000, downloads: [] });
		expect(notes.filter((text) => text.startsWith('waiting for model'))).toHaveLength(2);
	});

	test('is named to placement by revision and commit', async () => {
		mirror.put({ repo: 'org/name', refs: { v2: commitOf('v2') }, files: FILES });
		const cache = open();
		await ensure(cache, 'org/name@v2');
		expect(cache.keys()).toEqual(['org/name@v2', `org/name@${commitOf('v2')}`]);
		await ensure(cache, 'org/name');
		expect(cache.keys()).toContain('org/name');
		expect(open().keys()).toEqual(expect.arrayContaining(['org/name', 'org/name@v2']));
	});

	test('whose branch has moved is asked for anew after a while, and only what changed is downloaded', async () => {
		const cache = open();
		(await ensure(cache)).release();
		mirror.put({ repo: 'org/name', refs: { main: commitOf('next') }, files: { ...FILES, 'config.json': Buffer.from('{"a":2}') } });
		expect((await ensure(cache)).commit, 'within the time of trust').toBe(commitOf('org/name'));
		nowMs += 600_000;
		mirror.asked.length = 0;
		const lease = await ensure(cache);
		expect(lease.commit).toBe(commitOf('next'));
		expect(contentOf(lease)['config.json']?.toString()).toBe('{"a":2}');
		expect(mirror.downloads().map(({ path }) => path)).toEqual([`/org/name/resolve/${commitOf('next')}/config.json`]);
	});

	test('of a commit is never asked for again', async () => {
		const cache = open();
		const model = `org/name@${commitOf('org/name')}`;
		await ensure(cache, model);
		nowMs += 86_400_000;
		const asked = mirror.asked.length;
		await ensure(cache, model);
		expect(mirror.asked).toHaveLength(asked);
	});
});

describe('a download', () => {
	test('that breaks goes on where it broke', async () => {
		mirror.breaks.set('model.safetensors', 200_000);
		expect(contentOf(await ensure(open()))).toEqual(EXPECTED);
		const of = mirror.downloads().filter(({ path }) => path.startsWith('/storage/') && path.endsWith('model.safetensors'));
		expect(of.map(({ range }) => range)).toEqual([null, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
	});

	test('that was given up goes on where it stood when somebody asks again', async () => {
		mirror.breaks.set('model.safetensors', 250_000);
		const leaving = new AbortController();
		const first = ensure(open({ retryMs: 60_000 }), 'org/name', null, leaving.signal);
		const blobs = join(home, 'models/hub/models--org--name/blobs');
		await until(() => existsSync(blobs) && readdirSync(blobs).some((name) => name.endsWith('.incomplete') && sizeOf(join(blobs, name)) === 250_000), {
			what: 'a part of the file',
		});
		leaving.abort();
		expect(await refusalOf(first)).toContain('not wanted');
		const asked = mirror.asked.length;
		expect(contentOf(await ensure(open()))).toEqual(EXPECTED);
		const then = mirror.asked.slice(asked).filter(({ path }) => path.startsWith('/storage/') && path.endsWith('model.safetensors'));
		expect(then[0]?.range).toMatch(/^bytes=[1-9]\d*-$/);
		expect(readdirSync(blobs).filter((name) => name.endsWith('.incomplete'))).toEqual([]);
	});

	test('begins anew with a mirror that knows no ranges', async () => {
		mirror.ignoresRanges = true;
		mirror.breaks.set('model.safetensors', 200_000);
		expect(contentOf(await ensure(open()))).toEqual(EXPECTED);
	});

	test('starts over once when what an earlier try left is not what it should be', async () => {
		mirror.breaks.set('model.safetensors', 250_000);
		const leaving = new AbortController();
		const first = ensure(open({ retryMs: 60_000 }), 'org/name', null, leaving.signal);
		const blobs = join(home, 'models/hub/models--org--name/blobs');
		const partial = await until(() => existsSync(blobs) && readdirSync(blobs).find((name) => name.endsWith('.incomplete') && sizeOf(join(blobs, name)) === 250_000), {
			what: 'a part of the file',
		});
		leaving.abort();
		await refusalOf(first);
		writeFileSync(join(blobs, partial), someBytes(250_000, 99));
		expect(contentOf(await ensure(open()))).toEqual(EXPECTED);
	});

	test.each([
		['large', 'model.safetensors', /model\.safetensors does not match its checksum \(sha256/, someBytes(600_000, 7)],
		['small', 'config.json', /config\.json does not match its checksum \(git-sha1/, Buffer.from('{"a":9}')],
	])('of a %s file with the wrong checksum is refused, and nothing of it is kept', async (_, path, words, lie) => {
		mirror.lies.set(path, lie);
		const cache = open();
		expect(await refusalOf(ensure(cache))).toMatch(words);
		const folder = join(home, 'models/hub/models--org--name');
		expect(existsSync(join(folder, 'snapshots'))).toBe(false);
		expect(cache.keys()).toEqual([]);
		mirror.lies.clear();
		expect(contentOf(await ensure(cache))).toEqual(EXPECTED);
	});

	test('of a file of another length is refused', async () => {
		mirror.lies.set('model.safetensors', someBytes(600_001, 7));
		expect(await refusalOf(ensure(open()))).toMatch(/600001 bytes and should have 600000/);
	});

	test('ends when the mirror breaks off again and again, with what broke', async () => {
		const cache = open();
		const again = setInterval(() => mirror.breaks.set('model.safetensors', 0), 5);
		mirror.breaks.set('model.safetensors', 0);
		const refusal = await refusalOf(ensure(cache));
		clearInterval(again);
		expect(refusal).toMatch(/^model org\/name: (model\.safetensors: broke off after 0|http:\/\/localhost:\d+ cannot be reached)/);
	});

	test('that one of two has left goes on for the other', async () => {
		const cache = open();
		const release = mirror.hold();
		const leaving = new AbortController();
		const one = ensure(cache, 'org/name', null, leaving.signal);
		const other = ensure(cache);
		await until(() => cache.figure().downloads.length === 1, { what: 'the download is under way' });
		leaving.abort();
		expect(await refusalOf(one)).toContain('not wanted');
		release();
		expect(contentOf(await other)).toEqual(EXPECTED);
	});
});

describe('room', () => {
	const model = (n: number, size = 200_000): string => {
		mirror.put({ repo: `org/m${n}`, files: { weights: someBytes(size, n) } });
		return `org/m${n}`;
	};
	const budget = { budgetBytes: 650_000 };

	test('is kept: what was used longest ago goes, never what is in use', async () => {
		const cache = open(budget);
		const used = await ensure(cache, model(1));
		for (const n of [2, 3]) {
			nowMs += 1_000;
			(await ensure(cache, model(n))).release();
		}
		nowMs += 1_000;
		(await ensure(cache, model(2))).release();
		nowMs += 1_000;
		await ensure(cache, model(4));
		expect(
			cache
				.keys()
				.filter((key) => !key.includes('@'))
				.sort(),
		).toEqual(['org/m1', 'org/m2', 'org/m4']);
		expect(existsSync(join(home, 'models/hub/models--org--m3'))).toBe(false);
		expect(cache.figure().usedBytes).toBe(600_000);
		expect(statSync(join(used.path, 'snapshots', used.commit, 'weights')).size).toBe(200_000);
	});

	test('that running workers leave none of is refused with who has it', async () => {
		const cache = open(budget);
		for (const n of [1, 2, 3]) await ensure(cache, model(n));
		expect(await refusalOf(ensure(cache, model(4)))).toMatch(/^model org\/m4 needs 0\.2 MB more: the model cache of this host may take 0\.7 MB, of which 0\.6 MB are in use/);
		expect(cache.figure().usedBytes).toBe(600_000);
	});

	test('for a model that is larger than the whole is refused before anything is downloaded or given up', async () => {
		const cache = open(budget);
		(await ensure(cache, model(1))).release();
		expect(await refusalOf(ensure(cache, model(2, 700_000)))).toMatch(/has 0\.7 MB.*may take 0\.7 MB: its operator may raise LONGSHORE_MODEL_CACHE_GB/);
		expect(cache.keys()).toContain('org/m1');
		expect(mirror.downloads().filter(({ path }) => path.includes('/m2/'))).toEqual([]);
	});

	test('holds for two downloads at the same time', async () => {
		const cache = open({ budgetBytes: 450_000 });
		(await ensure(cache, model(1))).release();
		const answers = await Promise.allSettled([ensure(cache, model(2)), ensure(cache, model(3))]);
		expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
		expect(cache.figure().usedBytes).toBe(400_000);
	});

	test('is found in what broken downloads have left', async () => {
		mirror.breaks.set('weights', 150_000);
		const leaving = new AbortController();
		const cache = open({ budgetBytes: 450_000, retryMs: 60_000 });
		const first = ensure(cache, model(1), null, leaving.signal);
		const blobs = join(home, 'models/hub/models--org--m1/blobs');
		await until(() => existsSync(blobs) && readdirSync(blobs).some((name) => sizeOf(join(blobs, name)) === 150_000), { what: 'a part of the file' });
		leaving.abort();
		await refusalOf(first);
		await ensure(cache, model(2));
		await ensure(cache, model(3));
		expect(existsSync(blobs)).toBe(false);
	});

	test('an older revision makes room for the next one of the same model, which takes over what both have', async () => {
		mirror.put({ repo: 'org/m1', files: { same: someBytes(200_000, 1), weights: someBytes(200_000, 2) } });
		const cache = open(budget);
		(await ensure(cache, 'org/m1')).release();
		mirror.put({ repo: 'org/m1', refs: { main: commitOf('next') }, files: { same: someBytes(200_000, 1), weights: someBytes(300_000, 3) } });
		nowMs += 600_000;
		mirror.asked.length = 0;
		const lease = await ensure(cache, 'org/m1');
		expect(lease.commit).toBe(commitOf('next'));
		expect(mirror.downloads().some(({ path }) => path.endsWith('/same'))).toBe(false);
		expect(cache.figure().usedBytes).toBe(500_000);
		expect(readdirSync(join(lease.path, 'snapshots'))).toEqual([commitOf('next')]);
	});
});

describe('a model that is not for everybody', () => {
	test('opens with the endpoint’s token, which goes to the hub and nowhere else', async () => {
		mirror.put({ repo: 'org/private', files: FILES, token: 'hf_right' });
		const cache = open();
		await ensure(cache, 'org/private', 'hf_right');
		const storage = mirror.asked.filter(({ path }) => path.startsWith('/storage/'));
		expect(storage.length).toBeGreaterThan(0);
		expect(storage.filter(({ token }) => token !== null)).toEqual([]);
		const asked = mirror.asked.length;
		await ensure(open(), 'org/private', 'hf_right');
		expect(mirror.asked, 'who has shown the token once is believed').toHaveLength(asked);
		expect(readFileSync(join(home, 'models/notes.json'), 'utf8')).not.toContain('hf_right');
	});

	test.each([
		['without a token', null, false, /gives it to nobody without a token \(status 401\).*HF_TOKEN to \{\{ secret\.NAME \}\}/],
		['with another token', 'hf_wrong', false, /refuses the endpoint's HF_TOKEN \(status 401\)/],
		['without a token where its list is open', null, true, /gives it to nobody without a token \(status 403\)/],
	])('is refused %s, whether it is here or not', async (_, token, isGated, words) => {
		mirror.put({ repo: 'org/private', files: FILES, token: 'hf_right', isGated });
		const cache = open();
		expect(await refusalOf(ensure(cache, 'org/private', token))).toMatch(words);
		await ensure(cache, 'org/private', 'hf_right');
		expect(await refusalOf(ensure(cache, 'org/private', token))).toMatch(isGated ? /does not let this endpoint read it/ : words);
	});

	test('that everybody may read is given without a token although it was fetched with one', async () => {
		const cache = open();
		await ensure(cache, 'org/name', 'hf_any');
		const before = mirror.downloads().length;
		await ensure(cache, 'org/name', null);
		expect(
			mirror
				.downloads()
				.slice(before)
				.every(({ range }) => range === 'bytes=0-0'),
		).toBe(true);
	});
});

describe('a mirror', () => {
	test('of plain files will do: names from its list, the rest from the files’ headers', async () => {
		mirror.isPlain = true;
		const lease = await ensure(open());
		expect(lease.commit).toBe(commitOf('org/name'));
		expect(contentOf(lease)).toEqual(EXPECTED);
		expect(readdirSync(join(lease.path, 'blobs')).every((name) => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(name))).toBe(true);
		mirror.put({ repo: 'org/other', files: { weights: WEIGHTS } });
		mirror.lies.set('weights', someBytes(600_000, 8));
		expect(await refusalOf(ensure(open(), 'org/other'))).toMatch(/does not match its checksum/);
	});

	test('that is down is not needed for what is here, and named where it is', async () => {
		const cache = open();
		await ensure(cache);
		mirror.status = 503;
		nowMs += 600_000;
		expect(contentOf(await ensure(cache))).toEqual(EXPECTED);
		expect(notes.at(-1)).toMatch(/the hub answers with status 503; the copy on this host is used/);
		const asked = mirror.asked.length;
		await ensure(cache);
		expect(mirror.asked, 'the starts that follow do not wait for it').toHaveLength(asked);
		nowMs += 60_000;
		await ensure(cache);
		expect(mirror.asked.length).toBeGreaterThan(asked);
		expect(await refusalOf(ensure(cache, 'org/other'))).toMatch(/^model org\/other: the hub answers with status 503/);
		await mirror.stop();
		expect(await refusalOf(ensure(cache, 'org/other'))).toMatch(/^model org\/other: http:\/\/127\.0\.0\.1:\d+ cannot be reached: ./);
	});

	test('without the model or revision says so', async () => {
		expect(await refusalOf(ensure(open(), 'org/none'))).toMatch(/^model org\/none: the hub has no such model or revision/);
		expect(await refusalOf(ensure(open(), 'org/name@v9'))).toMatch(/^model org\/name@v9: the hub has no such model or revision/);
		expect(await refusalOf(ensure(open(), '../etc'))).toMatch(/is no name of a Hugging Face model/);
	});

	test('whose files would leave the model’s directory is refused before anything is written', async () => {
		mirror.put({ repo: 'org/evil', files: { '../../../evil': WEIGHTS } });
		expect(await refusalOf(ensure(open(), 'org/evil'))).toMatch(/no model may have/);
		expect(existsSync(join(home, 'models/evil'))).toBe(false);
		expect(mirror.downloads()).toEqual([]);
	});

	test('may be a directory with models as a clone has them', async () => {
		for (const [path, content] of Object.entries(FILES)) {
			mkdirSync(join(home, 'mirror/org/name', path, '..'), { recursive: true });
			writeFileSync(join(home, 'mirror/org/name', path), content);
		}
		mkdirSync(join(home, 'mirror/org/name/.git'));
		writeFileSync(join(home, 'mirror/org/name/.git/config'), 'x');
		const cache = open({ address: pathToFileURL(join(home, 'mirror')).href });
		const lease = await ensure(cache);
		expect(contentOf(lease)).toEqual(EXPECTED);
		expect(existsSync(join(lease.path, 'snapshots', lease.commit, '.git'))).toBe(false);
		expect((await ensure(cache)).commit).toBe(lease.commit);
		expect(await refusalOf(ensure(cache, 'org/name@v2'))).toMatch(/neither org\/name at this revision nor models--org--name/);
	});

	test('may be another hub cache, whose blobs are checked', async () => {
		const { path, commit } = await ensure(open({ directory: join(home, 'first') }));
		const address = pathToFileURL(join(home, 'first')).href;
		const lease = await ensure(open({ address }));
		expect(lease.commit).toBe(commit);
		expect(contentOf(lease)).toEqual(EXPECTED);
		const blob = join(path, 'blobs', readdirSync(join(path, 'blobs')).find((name) => statSync(join(path, 'blobs', name)).size === 600_000) ?? '');
		rmSync(blob);
		writeFileSync(blob, someBytes(600_000, 5));
		expect(await refusalOf(ensure(open({ address, directory: join(home, 'third') })))).toMatch(/does not match its checksum/);
		expect(await refusalOf(ensure(open({ address: 'file:///no/such/mirror' }), 'org/other'))).toMatch(/is it mounted/);
	});
});
