/** A worker for pictures, speech, transcripts and films: what it makes of an input is decided in the test's studio at `MEDIA_URL`. */
import { startWorker } from '../../../gpu-worker/src/sdk/start.ts';

startWorker<object>({
	handler: async ({ input }) => {
		const answer = await fetch(`${process.env['MEDIA_URL']}/work`, { method: 'POST', body: JSON.stringify(input) });
		if (!answer.ok) throw new Error(await answer.text());
		return (await answer.json()) as object;
	},
});
