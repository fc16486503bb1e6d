/** The paths of what belongs to an account besides its endpoints; one handler file a noun. */
import { createApp } from '../create-app.ts';
import { createKeyOperation, deleteKeyOperation, getKeyOperation, listKeysOperation, updateKeyOperation } from './describe.ts';
import { createKey, deleteKey, getKey, listKeys, updateKey } from './keys.ts';

/** `/v2/keys…`. */
export const accountApp = createApp();

accountApp.get('/v2/keys', listKeysOperation, (c) => listKeys(c.env, c.req.raw));
accountApp.post('/v2/keys', createKeyOperation, (c) => createKey(c.env, c.req.raw));
accountApp.get('/v2/keys/:id', getKeyOperation, (c) => getKey(c.env, c.req.raw, c.req.param('id')));
accountApp.patch('/v2/keys/:id', updateKeyOperation, (c) => updateKey(c.env, c.req.raw, c.req.param('id')));
accountApp.delete('/v2/keys/:id', deleteKeyOperation, (c) => deleteKey(c.env, c.req.raw, c.req.param('id')));
