/** Composition root of a region's broker: reads settings, joins the parts, starts and stops them. Decides nothing. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createBroker } from './broker.ts';
import { readSettings } from './config.ts';
import { createLog, errorText } from './log.ts';

const write = (line: string): void => void process.stdout.write(line);
const boot = randomBytes(9).toString('base64url');

try {
	const settings = readSettings(process.env, (path) => readFileSync(path, 'utf8'));
	const log = createLog({ process: 'broker', region: settings.LONGSHORE_REGION_ID, broker: settings.LONGSHORE_BROKER_ID }, write);
	const broker = await createBroker(settings, boot, log);
	log.info('ready', { url: broker.url, boot, pid: process.pid });
	for (const signal of ['SIGTERM', 'SIGINT'] as const) {
		process.once(signal, () => {
			void broker.stop().then(() => process.exit(0));
		});
	}
} catch (error) {
	createLog({ process: 'broker' }, write).error('cannot start', { error: errorText(error) });
	process.exitCode = 1;
}
