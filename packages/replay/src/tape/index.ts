// The public names of the tape.
export { chainBlock } from './chain.ts';
export { catalogueHash } from './catalogue.ts';
export { checkTape } from './check.ts';
export { type CodecName } from './codec.ts';
export { TapeError } from './error.ts';
export {
  CHAIN_START,
  FORMAT_VERSION,
  type TapeEnd,
  type TapeHeader,
  type TapeMark,
  type TapeStart,
  type TapeStimulus,
} from './format.ts';
export { fileOutput, memoryOutput, type TapeOutput } from './output.ts';
export { passBlock } from './place.ts';
export { readTape, TapeBlocks, type Tape } from './reader.ts';
export { TapeWriter, type TapeWriterOptions } from './writer.ts';
