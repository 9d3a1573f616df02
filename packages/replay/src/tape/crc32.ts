/** CRC-32 as in zlib, PNG and Ethernet: it finds damage of single records. */
import zlib from 'node:zlib';

/** CRC-32 of the bytes, going on from the CRC of what stands before them. */
export type Crc32 = (bytes: Uint8Array, before?: number) => number;

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** The same in plain JavaScript, for releases of Node before 20.15 and 22.2, whose zlib does not have it. */
export const slowCrc32: Crc32 = (bytes, before = 0) => {
  let crc = ~before;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[i]) & 0xff];
  return ~crc >>> 0;
};

const native = (zlib as { crc32?: Crc32 }).crc32;

export const crc32: Crc32 = native ? (bytes, before = 0) => native(bytes, before) : slowCrc32;
