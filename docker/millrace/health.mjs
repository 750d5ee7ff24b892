/** Whether the server in the container answers, and has read what it shows. */
const [port] = /\d+$/.exec(process.env['MILLRACE_HTTP'] ?? '') ?? ['4000'];

const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
process.exitCode = answer?.ok === true ? 0 : 1;
