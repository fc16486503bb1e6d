/** Says of a failed pull what to do about it. */

/** A sentence for whoever runs the endpoint. `said`: the engine's words, which never hold the credential. */
export function describePullFailure(image: string, hasCredential: boolean, status: number | null, said: string): string {
	const text = said.toLowerCase();
	const cause = (words: string): string => `image ${image}: ${words} (${said})`;
	if (/unauthorized|denied|authentication required|forbidden|invalid username\/password/.test(text)) {
		return cause(
			hasCredential
				? 'its registry refuses the credential of the endpoint: check user, password and that it may read this image'
				: 'its registry lets nobody read it without a credential: give the endpoint one, or check the name',
		);
	}
	if (/no space left/.test(text)) return cause('no room for it on this host: its operator must free disk space');
	if (/no such host|connection refused|i\/o timeout|dial tcp|tls|x509|network is unreachable|deadline exceeded/.test(text))
		return cause('its registry cannot be reached from this host');
	if (/no match(?:ing manifest)? for|exec format|platform/.test(text)) return cause('it is not built for the processors of this host');
	if (status === 404 || /manifest unknown|not found|name unknown|does not exist|no such image/.test(text)) return cause('there is no such image: check name and tag');
	if (/toomanyrequests|rate limit/.test(text)) return cause('its registry refuses more pulls for now: a credential raises the limit');
	return cause('it could not be pulled');
}
