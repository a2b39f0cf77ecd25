import { Help, type HelpConfiguration } from 'commander';

export const verbsHeading = 'Commands:';
export const nounsHeading = 'Management Commands:';

/** How help reads: an option that may be given several times starts with none, which needs no telling. */
export const helpStyle: HelpConfiguration = {
  optionDescription(option) {
    const { defaultValue, description } = option;
    return Array.isArray(defaultValue) && defaultValue.length === 0
      ? description
      : Help.prototype.optionDescription.call(this, option);
  },
};
