/** Lists of numbers as people write them, and the mapping of one set to another. */
import { EINVAL, EOVERFLOW, ERANGE } from '@pagetape/events';
import test from 'ava';
import { bitmap_parselist, bitmap_remap, bitmap_scnlistprintf, parselist } from './bitmap.ts';

test('lists are read as the kernel reads them', (t) => {
  t.deepEqual(bitmap_parselist('0-1,3', 64), [0, 1, 3]);
  t.deepEqual(bitmap_parselist('3,0-1,1\n', 64), [0, 1, 3]);
  t.deepEqual(bitmap_parselist('', 64), []);
  t.is(bitmap_parselist('3-1', 64), -EINVAL);
  t.is(bitmap_parselist('a', 64), -EINVAL);
  t.is(bitmap_parselist('1,', 64), -EINVAL);
  t.is(bitmap_parselist('63-64', 64), -ERANGE);
});

test('later kernels know more words in lists', (t) => {
  t.deepEqual(parselist('0-1 ,3,\n', 64), [0, 1, 3]);
  t.deepEqual(parselist('all', 4), [0, 1, 2, 3]);
  t.deepEqual(parselist('1,N', 4), [1, 3]);
  t.deepEqual(parselist('0-7:1/4', 8), [0, 4]);
  t.deepEqual(parselist('all:2/3', 6), [0, 1, 3, 4]);
  for (const wrong of ['a', '-1', '3-1', '1-', '0-3:2/1', '0-3:1/0', '0x1', '3:1/2', 'n'])
    t.is(parselist(wrong, 8), -EINVAL);
  t.is(parselist('7-8', 8), -ERANGE);
  t.is(parselist('4294967296', 8), -EOVERFLOW);
});

test('what is written can be read again', (t) => {
  t.is(bitmap_scnlistprintf([]), '');
  t.is(bitmap_scnlistprintf([0, 1, 2, 4, 6, 7]), '0-2,4,6-7');
  t.deepEqual(bitmap_parselist(bitmap_scnlistprintf([0, 2, 3, 9]), 64), [0, 2, 3, 9]);
});

test('a member goes where the one of its rank is, counted round', (t) => {
  t.deepEqual(bitmap_remap([0, 1], [0, 1], [2, 3]), [2, 3]);
  t.deepEqual(bitmap_remap([1, 2], [0, 1, 2], [5, 7]), [5, 7]);
  t.deepEqual(bitmap_remap([0, 2], [0, 1, 2], [5, 7]), [5]);
  t.deepEqual(bitmap_remap([4], [0, 1], [2, 3]), [4], 'outside the old set nothing changes');
  t.deepEqual(bitmap_remap([0], [0], []), [0]);
});
