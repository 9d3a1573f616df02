/** Each example prints what its expected.txt says. `PAGETAPE_UPDATE=1 npm test` writes these files anew. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { runCommand } from '@pagetape/replay';

const here = fileURLToPath(new URL('.', import.meta.url));
const update = process.env['PAGETAPE_UPDATE'] === '1';

for (const name of readdirSync(here).filter((each) => /^\d\d-/.test(each))) {
  const [scenario, expected] = [`${here}${name}/scenario.yaml`, `${here}${name}/expected.txt`];
  test(name, async (t) => {
    let [out, err] = ['', ''];
    const context = {
      out: async (text: string) => void (out += text),
      err: (text: string) => void (err += text),
      terminal: false,
      status: 0,
    };
    await runCommand(['run', scenario], context);
    t.is(err, '');
    t.is(context.status, 0);
    if (update) writeFileSync(expected, out);
    t.true(existsSync(expected), `${expected} is missing; PAGETAPE_UPDATE=1 npm test writes it`);
    t.is(out, readFileSync(expected, 'utf8'));
  });
}
