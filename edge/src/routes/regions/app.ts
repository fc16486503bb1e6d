/** The paths of regions and operators, and what anybody may ask. */
import { INTERNAL } from '../../openapi/operation.ts';
import { createAccount, deleteAccount, getAccount, listAccounts, updateAccount } from '../admin/accounts.ts';
import { getCatalog, putCatalog, resetCatalog } from '../admin/catalog.ts';
import {
	createAccountOperation,
	deleteAccountOperation,
	getAccountOperation,
	getCatalogOperation,
	listAccountsOperation,
	listRegionsOperation,
	putCatalogOperation,
	putRegionOperation,
	resetCatalogOperation,
	updateAccountOperation,
} from '../admin/describe.ts';
import { listRegions, putRegion } from '../admin/regions.ts';
import { createApp } from '../create-app.ts';
import { livezOperation, rootOperation } from '../docs/describe.ts';
import { claim } from '../regions/claim.ts';
import { events } from '../regions/events.ts';
import { heartbeat } from '../regions/heartbeat.ts';
import { output, payload } from '../regions/transfer.ts';
import { usage } from '../regions/usage.ts';

/** Everything outside `/v2`. */
export const regionsApp = createApp();

regionsApp.post('/regions/v1/heartbeat', INTERNAL, (c) => heartbeat(c.env, c.req.raw));
regionsApp.post('/regions/v1/events', INTERNAL, (c) => events(c.env, c.req.raw));
regionsApp.post('/regions/v1/usage', INTERNAL, (c) => usage(c.env, c.req.raw));
regionsApp.post('/regions/v1/claim', INTERNAL, (c) => claim(c.env, c.req.raw));
regionsApp.get('/regions/v1/payload/:job', INTERNAL, (c) => payload(c.env, c.req.raw, c.req.param('job')));
regionsApp.put('/regions/v1/output/:job', INTERNAL, (c) => output(c.env, c.req.raw, c.req.param('job')));
regionsApp.put('/admin/regions/:id', putRegionOperation, (c) => putRegion(c.env, c.req.raw, c.req.param('id')));
regionsApp.get('/admin/regions', listRegionsOperation, (c) => listRegions(c.env, c.req.raw));
regionsApp.get('/admin/catalog', getCatalogOperation, (c) => getCatalog(c.env, c.req.raw));
regionsApp.put('/admin/catalog', putCatalogOperation, (c) => putCatalog(c.env, c.req.raw));
regionsApp.delete('/admin/catalog', resetCatalogOperation, (c) => resetCatalog(c.env, c.req.raw));
regionsApp.get('/admin/accounts', listAccountsOperation, (c) => listAccounts(c.env, c.req.raw));
regionsApp.post('/admin/accounts', createAccountOperation, (c) => createAccount(c.env, c.req.raw));
regionsApp.get('/admin/accounts/:id', getAccountOperation, (c) => getAccount(c.env, c.req.raw, c.req.param('id')));
regionsApp.patch('/admin/accounts/:id', updateAccountOperation, (c) => updateAccount(c.env, c.req.raw, c.req.param('id')));
regionsApp.delete('/admin/accounts/:id', deleteAccountOperation, (c) => deleteAccount(c.env, c.req.raw, c.req.param('id')));
regionsApp.get('/livez', livezOperation, (c) => c.text('ok'));
regionsApp.get('/', rootOperation, (c) => c.text('Longshore: a serverless GPU gateway. Jobs: POST /v2/{endpoint}/run with an API key.\n'));
