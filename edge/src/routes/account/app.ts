/** The paths of what belongs to an account besides its endpoints; one handler file a noun. */
import { createApp } from '../create-app.ts';
import { createKey, deleteKey, getKey, listKeys, updateKey } from './keys.ts';

/** `/v2/keys…`. */
export const accountApp = createApp();

accountApp.get('/v2/keys', (c) => listKeys(c.env, c.req.raw));
accountApp.post('/v2/keys', (c) => createKey(c.env, c.req.raw));
accountApp.get('/v2/keys/:id', (c) => getKey(c.env, c.req.raw, c.req.param('id')));
accountApp.patch('/v2/keys/:id', (c) => updateKey(c.env, c.req.raw, c.req.param('id')));
accountApp.delete('/v2/keys/:id', (c) => deleteKey(c.env, c.req.raw, c.req.param('id')));
