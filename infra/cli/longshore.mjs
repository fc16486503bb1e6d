#!/usr/bin/env node
// The `longshore` command as npm links it: hands over to the project's Node through the bootstrap, in the caller's own directory.
process.argv.splice(2, 0, '--here', 'infra/cli/main.ts');
await import('../local/bootstrap.mjs');
