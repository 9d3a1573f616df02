/** Running a scenario for a command: what a step cannot do is said with its line in the file. */

/** Does what runs the scenario. A step that makes no sense, or is not simulated, is an error at its place in the file. */
export async function atItsLine<T>(file: string, action: () => T): Promise<T> {
  const { StepFault } = await import('../run/run.ts');
  try {
    return action();
  } catch (error) {
    if (!(error instanceof StepFault)) throw error;
    const { readFileSync } = await import('node:fs');
    const { Source } = await import('../scenario/source.ts');
    const { step, message } = error;
    throw new Source(readFileSync(file, 'utf8'), file).error([{ path: ['steps', step], at: 'value', message }]);
  }
}
