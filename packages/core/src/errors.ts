/** What a user asked for makes no sense: an error with a sentence for people. Bugs of ours throw plain errors. */
export class ScenarioFault extends Error {
  override readonly name = 'ScenarioFault';
}

/** A part of Pagetape that is known to be missing. `what` names it. */
export class NotSimulated extends Error {
  override readonly name = 'NotSimulated';
  readonly what: string;
  constructor(what: string) {
    super(`${what} is not simulated yet`);
    this.what = what;
  }
}

/** The simulated kernel used a null pointer: ends the call where it is. What it holds stays held. */
export class KernelOops extends Error {
  override readonly name = 'KernelOops';
}
