import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { openTraces, parseCsv } from './trace-files.ts';
import { imageGeneration, languageModel } from './traced.ts';

const folder = mkdtempSync(join(tmpdir(), 'traces-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
	writeFileSync(join(folder, `${name}.csv.gz`), gzipSync(text));
}

test('columns are found by name, and a missing one is named', () => {
	const [row] = parseCsv('t', 'a,b\n1,2\n');
	expect(row?.('b')).toBe('2');
	expect(() => row?.('c')).toThrow('trace t has no column c, only a, b');
});

test('image generation: an endpoint a model, times in milliseconds, cold starts among the measured loads', () => {
	write('gentd26-latencies', 't_s,metric,value_ms,container\n0,load_base,22000,1\n5,queue_wait,3,1\n9,load_base,41000,2\n');
	write('gentd26-sd-requests', 't_s,exec_s,checkpoint\n7,30.5,M2\n0,12,M1\n9,0,M1\n');
	const scenario = imageGeneration(openTraces(folder));
	expect(scenario.endpoints.map(({ id }) => id)).toEqual(['M1', 'M2']);
	expect(scenario.arrivals).toEqual({ atMs: [0, 7_000], endpoint: [0, 1], execMs: [12_000, 30_500] });
	expect([0, 0.99].map((at) => scenario.endpoints[0]?.coldStartMs(() => at))).toEqual([22_000, 41_000]);
});

test('a language model: run time from token counts', () => {
	write('azure-llm-2023-conv', 't_s,context_tokens,generated_tokens\n0.5,400,10\n');
	expect(languageModel(openTraces(folder), 'conv').arrivals).toEqual({ atMs: [500], endpoint: [0], execMs: [200 + 100 + 300] });
});
