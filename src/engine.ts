import { setFlagsFromString } from 'node:v8';

/**
 * Where V8 found, while a process starts, that what a place in the code makes lives long, it makes everything there
 * among its old objects from then on. Koa and the sockets of Node have such places on the way of every request: each
 * made an old object that leads to the request, and kept it in memory until everything was collected. Every young
 * collection then carried all of them along, a fifth of the processor time (docs/performance.md).
 *
 * Imported before anything else: it holds for what is made afterwards.
 */
setFlagsFromString('--no-allocation-site-pretenuring');

/** There is little left to carry in a young collection: to wake helpers for it costs more than they do. */
setFlagsFromString('--no-parallel-scavenge');

/**
 * Old objects are collected when there are three tenths more of them than were in use. Left to itself V8 waits until
 * there are up to four times as many: what is in use here is sixty megabytes whatever is asked, so nearly all of the
 * memory beyond that was garbage, and what lay outside the heap with it.
 */
setFlagsFromString('--heap-growing-percent=30');
