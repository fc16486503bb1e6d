/** The paths of regions and operators, and what anybody may ask. */
import { createAccount, deleteAccount, getAccount, listAccounts, updateAccount } from '../admin/accounts.ts';
import { listRegions, putRegion } from '../admin/regions.ts';
import { createApp } from '../create-app.ts';
import { claim } from '../regions/claim.ts';
import { events } from '../regions/events.ts';
import { heartbeat } from '../regions/heartbeat.ts';
import { output, payload } from '../regions/transfer.ts';

/** Everything outside `/v2`. */
export const regionsApp = createApp();

regionsApp.post('/regions/v1/heartbeat', (c) => heartbeat(c.env, c.req.raw));
regionsApp.post('/regions/v1/events', (c) => events(c.env, c.req.raw));
regionsApp.post('/regions/v1/claim', (c) => claim(c.env, c.req.raw));
regionsApp.get('/regions/v1/payload/:job', (c) => payload(c.env, c.req.raw, c.req.param('job')));
regionsApp.put('/regions/v1/output/:job', (c) => output(c.env, c.req.raw, c.req.param('job')));
regionsApp.put('/admin/regions/:id', (c) => putRegion(c.env, c.req.raw, c.req.param('id')));
regionsApp.get('/admin/regions', (c) => listRegions(c.env, c.req.raw));
regionsApp.get('/admin/accounts', (c) => listAccounts(c.env, c.req.raw));
regionsApp.post('/admin/accounts', (c) => createAccount(c.env, c.req.raw));
regionsApp.get('/admin/accounts/:id', (c) => getAccount(c.env, c.req.raw, c.req.param('id')));
regionsApp.patch('/admin/accounts/:id', (c) => updateAccount(c.env, c.req.raw, c.req.param('id')));
regionsApp.delete('/admin/accounts/:id', (c) => deleteAccount(c.env, c.req.raw, c.req.param('id')));
regionsApp.get('/livez', (c) => c.text('ok'));
regionsApp.get('/', (c) => c.text('Longshore: a serverless GPU gateway. Jobs: POST /v2/{endpoint}/run with an API key.\n'));
