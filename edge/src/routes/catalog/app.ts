/** The paths of the catalogue. */
import { createApp } from '../create-app.ts';
import { catalogOperations } from './describe.ts';
import { getCatalogEntry, listCatalog } from './read.ts';

/** `/v2/catalog…`. */
export const catalogApp = createApp();

catalogApp.get('/v2/catalog/gpus', catalogOperations.gpus, (c) => listCatalog(c.env, c.req.raw, 'gpus'));
catalogApp.get('/v2/catalog/gpus/:id', catalogOperations.gpu, (c) => getCatalogEntry(c.env, c.req.raw, 'gpus', c.req.param('id')));
catalogApp.get('/v2/catalog/cpus', catalogOperations.cpus, (c) => listCatalog(c.env, c.req.raw, 'cpus'));
catalogApp.get('/v2/catalog/cpus/:id', catalogOperations.cpu, (c) => getCatalogEntry(c.env, c.req.raw, 'cpus', c.req.param('id')));
catalogApp.get('/v2/catalog/datacenters', catalogOperations.dataCenters, (c) => listCatalog(c.env, c.req.raw, 'dataCenters'));
catalogApp.get('/v2/catalog/datacenters/:id', catalogOperations.dataCenter, (c) => getCatalogEntry(c.env, c.req.raw, 'dataCenters', c.req.param('id')));
