import { describe, expect, test } from 'vitest';
import { type GuardRules, problemOfUrl } from '../../../edge/src/core/address-guard.ts';

const PRODUCTION: GuardRules = { allowPrivate: false, ownHosts: ['gpu.example.com', 'api.example.com:8443'] };
const LOCAL: GuardRules = { ...PRODUCTION, allowPrivate: true };

/** What only an operator may allow. */
const INNER = [
	'http://127.0.0.1:9000/',
	'http://2130706433:9000/',
	'http://0177.0.0.1:9000/',
	'http://0x7f.1:9000/',
	'http://127.1:9000/',
	'http://127.0.0.1.:9000/',
	'http://１２７.0.0.1:9000/',
	'http://localhost:9000/',
	'http://localhost.:9000/',
	'http://LOCALHOST:9000/',
	'http://api.localhost/',
	'http://printer.local/',
	'http://db.internal/',
	'http://router.home.arpa/',
	'http://gpu-host/',
	'http://10.0.0.1/',
	'http://172.16.9.1/',
	'http://192.168.0.1/',
	'http://100.100.100.201/',
	'http://[::1]/',
	'http://[fd00:ec1::254]/',
	'http://[::ffff:127.0.0.1]/',
	'http://[::ffff:7f00:1]/',
	'http://[::7f00:1]/',
	'http://[64:ff9b::a00:1]/',
	'http://[2002:c0a8:1::]/',
];
/** What nobody may allow. */
const NEVER = [
	'http://169.254.169.254/latest/meta-data/',
	'http://0xa9fea9fe/',
	'http://100.100.100.200/latest/meta-data/',
	'http://0x646464c8/',
	'http://[::ffff:100.100.100.200]/',
	'http://168.63.129.16/metadata/instance',
	'http://[fd00:ec2::254]/latest/meta-data/',
	'http://[fd20:ce::254]/computeMetadata/v1/',
	'http://[::ffff:169.254.169.254]/',
	'http://[64:ff9b::a9fe:a9fe]/',
	'http://[2002:a9fe:a9fe::]/',
	'http://[2001:0:a9fe:a9fe::]/',
	'http://[fe80::1]/',
	'http://[ff02::1]/',
	'http://0.0.0.0/',
	'http://[::]/',
	'http://224.0.0.1/',
	'http://255.255.255.255/',
	'http://198.18.0.1/',
	'http://192.0.0.192/',
	'https://user@example.com/',
	'https://user:pass@example.com/',
	'https://:pass@example.com/',
	'http://example.com:22/',
	'http://example.com:25/',
	'http://example.com:1023/',
	'http://example.com:6667/',
	'http://example.com:0/',
	'ftp://example.com/',
	'file:///etc/passwd',
	'gopher://example.com/',
	'javascript:alert(1)',
	'//example.com/',
	'example.com',
	'',
	'http://',
	'http://exa mple.com/',
	'http://256.1.1.1/',
	'http://example..com/',
	'http://-a.example.com/',
	'http://hidden.onion/',
	'http://metadata.google.internal/computeMetadata/v1/',
	'http://METADATA.goog./computeMetadata/v1/',
	'https://gpu.example.com/hook',
	'https://GPU.example.com.:9000/hook',
	'https://api.example.com:8443/',
];
const FINE = [
	'https://example.com/hook?x=1#y',
	'http://example.com/',
	'https://example.com.:443/',
	'https://a_b.example.com:8443/',
	'https://api.example.com/',
	'https://x.gpu.example.com/',
	'https://bücher.example/',
	'https://1.1.1.1/',
	'https://[2606:4700:4700::1111]:1024/',
	'https://127.0.0.1.nip.io/',
	'https://localhost.example.com/',
];

describe('a webhook URL', () => {
	test.each(FINE)('may be %s', (url) => {
		expect(problemOfUrl(url, PRODUCTION)).toBeNull();
		expect(problemOfUrl(url, LOCAL)).toBeNull();
	});

	test.each(INNER)('may be %s only with the operator’s leave', (url) => {
		expect(problemOfUrl(url, PRODUCTION)).toMatch(/^must not name a/);
		expect(problemOfUrl(url, LOCAL)).toBeNull();
	});

	test.each(NEVER)('is never %j', (url) => {
		expect(problemOfUrl(url, PRODUCTION)).toMatch(/^must /);
		expect(problemOfUrl(url, LOCAL)).toMatch(/^must /);
	});
});
