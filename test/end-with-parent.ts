/** Ends a worker whose run was ended by a signal: it would go on with its tests, unseen, for as long as they last. */
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
