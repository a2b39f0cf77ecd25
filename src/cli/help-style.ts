import type { HelpConfiguration, Option } from 'commander';

export const verbsHeading = 'Commands:';
export const nounsHeading = 'Management Commands:';

/** What help says of an option: its description, the values it takes, and its default, where the text has none. */
export function optionText({ description, defaultValue, argChoices }: Option): string {
  const text = argChoices === undefined ? description : `${description}: ${argChoices.join(' or ')}`;
  // An option that may be given several times starts with none, which needs no telling.
  if (defaultValue === undefined || defaultValue === false || Array.isArray(defaultValue)) return text;
  return defaultValue === true ? `${text} (default)` : `${text} (default: ${String(defaultValue)})`;
}

export const helpStyle: HelpConfiguration = { optionDescription: optionText };
