/** A port of a worker that clients outside reach: where the worker listens, and under which address of its host it is reached. */
import * as z from 'zod';

const portNumber = z.int().min(1).max(65_535);

export const openPort = z.object({
	/** As the endpoint exposes it. */
	port: portNumber,
	protocol: z.enum(['http', 'tcp']),
	publicIp: z.string().min(1).max(255).describe('IP address or name of the worker’s host.'),
	publicPort: portNumber,
});
export type OpenPort = z.infer<typeof openPort>;
