#!/usr/bin/env node
/**
 * The program `pagetape`. This file starts it; the commands are listed in program.ts.
 *
 * A command is a file of this folder that exports `define(command, context)`: it adds arguments, options and the
 * action to a commander Command that has its name and summary already. The file is loaded when its command is asked
 * for, so that `pagetape --help` loads none; and it imports core, zod and the like inside its action alone, so that
 * its own help is quick.
 *
 * Exit status: 0 done; 1 the answer is "no"; 2 wrong usage or bad input; 3 a bug in Pagetape. An action sets
 * `context.status`, or throws; errors.ts knows which errors are about what the user gave. Text goes to `context.out`
 * in full lines, and with `--json` one JSON value instead.
 */
import { processContext } from './context.ts';
import { main } from './program.ts';

const context = processContext();
await main(process.argv.slice(2), context);
process.exitCode = context.status;
