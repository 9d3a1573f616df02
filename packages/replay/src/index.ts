// The public names of @pagetape/replay.
export { type Context } from './cli/context.ts';
export { main as runCommand } from './cli/program.ts';
export { firstDifference, type FirstDifference } from './diff/events.ts';
export { stateDifferences, type Detail, type DifferenceKind } from './diff/state.ts';
export { EXPORT_FORMATS, exportProgram, type ExportFormat } from './export/formats.ts';
export { type Exported, type ExportedProgram, type Tally } from './export/program.ts';
export { checkLaws, LAW_NAMES, type LawName, type LawOptions, type LawReport } from './laws/checkLaws.ts';
export { type Program } from './laws/recording.ts';
export { checkLedger, countedByRule } from './ledger/check.ts';
export {
  LEDGER_KINDS,
  LedgerFold,
  ledgerOf,
  type Entry,
  type Ledger,
  type Reason,
  type Refused,
} from './ledger/ledger.ts';
export { askedPage, QuestionError, type AskedPage } from './questions/asked.ts';
export { stateFacts, type At, type AtOptions } from './questions/at.ts';
export { comparePositions, type PositionDifference, type Standing } from './questions/compare.ts';
export { ExpressionError } from './questions/expression.ts';
export { compileExpression, countEvents, findEvents, findLast, groupEvents, type Group } from './questions/find.ts';
export { TapeNames, type Step } from './learned/names.ts';
export { Questions } from './questions/questions.ts';
export { watchArea, watchNumber, watchPage, watchThing, whoChanged, type Watched, type Who } from './questions/who.ts';
export { whyOf, type Cause, type NotMoved, type Why } from './questions/why.ts';
export { Narrator, type DeadlockWait, type RunFacts, type StepFacts } from './report/facts.ts';
export { memoryOf, memoryOfAll, placeOf, type FreeMemory, type MemoryOf, type Place } from './report/places.ts';
export { printRun, type RunHashes, type RunTitle } from './report/text.ts';
export { runJson, titleOf } from './report/title.ts';
export { Recorder, type RowListener, type RunStart } from './run/record.ts';
export { replayTape, type BadMark, type Replay } from './run/replay.ts';
export { kindNumber, RowCursor } from './run/rows.ts';
export { runScenario, startOfRun, StepFault, type Run, type RunOptions } from './run/run.ts';
export { selectEvents, tasksOf, type Selection } from './run/select.ts';
export { ChainSink, type RunSink } from './run/sink.ts';
export { startOf, stimuliOf } from './run/stimuli.ts';
export { verifyTape, type Divergence, type Verdict } from './run/verify.ts';
export { loadScenario, parseScenario, type Scenario } from './scenario/load.ts';
export { loadOracle, parseOracle, type Oracle, type OracleResult } from './scenario/oracle.ts';
export { ScenarioError, type Problem } from './scenario/problem.ts';
export { compareSnapshots, type SnapshotDifference } from './snapshot/compare.ts';
export {
  checkGolden,
  matchesGolden,
  matchesSnapshot,
  readGolden,
  type GoldenCheck,
  type GoldenOptions,
} from './snapshot/golden.ts';
export {
  parseSnapshot,
  printSnapshot,
  SnapshotError,
  withoutHashes,
  type Snapshot,
  type SnapshotEntry,
  type SnapshotSection,
} from './snapshot/snapshot.ts';
export { snapshotOfRun, snapshotOfTape } from './snapshot/take.ts';
export { printSnapshotDifferences } from './snapshot/text.ts';
export {
  CHAIN_START,
  chainBlock,
  checkTape,
  fileOutput,
  FORMAT_VERSION,
  memoryOutput,
  readTape,
  TapeBlocks,
  TapeError,
  TapeWriter,
  type CodecName,
  type Tape,
  type TapeEnd,
  type TapeHeader,
  type TapeMark,
  type TapeOutput,
  type TapeStart,
  type TapeStimulus,
  type TapeWriterOptions,
} from './tape/index.ts';
export { firstStateDifference, type FirstStateDifference, type StateDifference } from './timeline/faults.ts';
export { branchAt, forkAt, type Branch, type Fork, type Otherwise } from './timeline/fork.ts';
export { parsePosition, printPosition, seqOf, type TapePosition } from './timeline/position.ts';
export { type EventStop, type StateStop, type Stop } from './timeline/stop.ts';
export { Timeline, type TimelineOptions } from './timeline/timeline.ts';
export { changeAt, parseWatch, runToChange, watchStop, type Change, type Watch } from './timeline/watch.ts';
