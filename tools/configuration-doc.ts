// Brings the table of settings in docs/configuration.md up to date with the schema.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingFlags } from '../src/cli/flags/setting-flags.ts';
import { settingNames, settings } from '../src/configuration/settings.ts';

const page = join(import.meta.dirname, '../docs/configuration.md');
const start = '<!-- From here on made by `node tools/configuration-doc.ts`. -->\n';

/** Returns the page as it is, and as it should be. */
export function configurationPage(): { readonly before: string; readonly after: string } {
  const before = readFileSync(page, 'utf8');
  const at = before.indexOf(start);
  if (at < 0) throw new Error(`${page} has lost the line ${start}`);
  return { before, after: `${before.slice(0, at)}${start}${table()}` };
}

function table(): string {
  const rows = settingNames.map((name) => {
    const { key, type, variable, default: usual, summary } = settings[name];
    const shown = typeof usual === 'string' ? usual : JSON.stringify(usual);
    const cells = [
      `\`${key}\``,
      type.name,
      code(settingFlags.get(key)),
      code(variable),
      `\`${name}\``,
      `\`${shown}\``,
      summary,
    ];
    return `| ${cells.join(' | ')} |\n`;
  });
  return `\n## Settings\n\n| key | type | flag | variable | option | default | |\n|---|---|---|---|---|---|---|\n${rows.join('')}`;
}

const code = (text: string | undefined): string => (text === undefined ? '' : `\`${text}\``);

if (import.meta.main) writeFileSync(page, configurationPage().after);
