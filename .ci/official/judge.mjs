// What the checks of all Node clients share: the world, and how a check ends. The rules are those of judge.py.

import fs from 'node:fs';
import path from 'node:path';

export const world = JSON.parse(process.argv[2]);
export const root = path.resolve(process.argv[3]);
process.env.IDENTITY_ENDPOINT = world.managedIdentity.endpoint;
process.env.IDENTITY_HEADER = world.managedIdentity.header;
process.env.PATH = world.tools + path.delimiter + process.env.PATH;

/** The rows of docs/judges.md for a client: its checks, with the number and what is seen. */
function differences(client) {
  const rows = new Map();
  for (const line of fs.readFileSync(path.join(root, 'docs/judges.md'), 'utf8').split('\n')) {
    const cells = line.replace(/^\||\|$/g, '').split('|').map((cell) => cell.trim());
    if (line.startsWith('| D-') && cells[1].split(', ').includes(client)) {
      rows.set(cells[2], { number: cells[0], seen: cells[3].replace(/^`|`$/g, '') });
    }
  }
  return rows;
}

/** Runs the checks of a client, by name; says how many ended as they should not. */
export async function judge(client, checks) {
  const known = differences(client);
  let missed = 0;
  const say = (name, said) => console.log(`${client.padEnd(32)} | ${name.padEnd(52)} | ${said}`);
  for (const [name, run] of Object.entries(checks)) {
    const row = known.get(name);
    known.delete(name);
    let said = row ? `FAILED: ${row.number} is not true any more` : 'ok';
    try {
      await run();
    } catch (error) {
      const what = `${error.name}: ${error.code ?? ''} ${error.message}`.replace(/\s+/g, ' ');
      said = row && what.includes(row.seen) ? `differs, ${row.number}` : `FAILED: ${what.slice(0, 600)}`;
    }
    missed += said.startsWith('FAILED') ? 1 : 0;
    say(name, said);
  }
  for (const [name, row] of known) {
    missed += 1;
    say(name, `FAILED: ${row.number} names no check`);
  }
  return missed;
}
