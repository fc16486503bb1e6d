import { expect, test } from 'vitest';
import { allowedMethods } from '../../../edge/src/core/allowed-methods.ts';

const ROUTES = [
	{ method: 'GET', path: '/things' },
	{ method: 'POST', path: '/things' },
	{ method: 'GET', path: '/things/:id' },
	{ method: 'DELETE', path: '/things/:id' },
	{ method: 'POST', path: '/things/:id/turn' },
	{ method: 'POST', path: '/files/:id/*' },
];

test.each([
	['/things', ['GET', 'POST']],
	['/things/', ['GET', 'POST']],
	['/things/1', ['GET', 'DELETE']],
	['/things/1/turn', ['POST']],
	['/things/1/twist', []],
	['/files/1/a/b', ['POST']],
	['/files/1', []],
	['/', []],
	['/other', []],
])('%s takes %j', (path, methods) => {
	expect(allowedMethods(ROUTES, path)).toEqual(methods);
});
