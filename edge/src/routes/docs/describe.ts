/** What the routes say of themselves that anybody may ask. */
import * as z from 'zod';
import type { Operation } from '../../openapi/operation.ts';

export const openApiOperation: Operation = {
	id: 'openApi',
	group: 'Service',
	summary: 'Read this document',
	key: 'none',
	answers: { 200: { text: 'The OpenAPI 3.1 document of this gateway.', schema: z.record(z.string(), z.unknown()) } },
};

export const docsOperation: Operation = {
	id: 'docs',
	group: 'Service',
	summary: 'Read this document as a page',
	key: 'none',
	answers: { 200: { text: 'The page; it asks nothing else of anybody.', type: 'text/html' } },
};

export const livezOperation: Operation = {
	id: 'livez',
	group: 'Service',
	summary: 'Ask whether the edge serves',
	key: 'none',
	answers: { 200: { text: '`ok`', type: 'text/plain' } },
};

export const rootOperation: Operation = {
	id: 'root',
	group: 'Service',
	summary: 'Ask what this is',
	key: 'none',
	answers: { 200: { text: 'One line.', type: 'text/plain' } },
};
