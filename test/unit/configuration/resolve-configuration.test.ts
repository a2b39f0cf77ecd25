import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type ConfigurationSources,
  listSettings,
  resolveConfiguration,
} from '../../../src/configuration/resolve-configuration.ts';
import { type Configuration, settingNames, settings } from '../../../src/configuration/settings.ts';

/** A value of every setting from each source, all different. */
const values: {
  readonly [Name in keyof Configuration]: readonly [option: Configuration[Name], file: Configuration[Name]];
} = {
  root: ['/option', '/file'],
  storageDriver: ['vfs', 'overlay2'],
  storageOptions: [['a=option'], ['a=file']],
  logDriver: ['none', 'local'],
  logOptions: [{ 'max-size': '1m' }, { 'max-size': '2m' }],
  defaultRuntime: ['one', 'two'],
  runtimes: [{ one: { path: 'one' } }, { two: { path: '/two' } }],
};

const path = '/x/config.json';
const environment = Object.fromEntries(
  settingNames.flatMap((name) => {
    const { variable } = settings[name];
    return variable === undefined ? [] : [[variable, '/environment']];
  }),
);

describe('option, environment, file, default: the first that has a setting counts', () => {
  for (const name of settingNames) {
    const [option, file] = values[name];
    const { variable, default: usual } = settings[name];
    const all: ConfigurationSources = {
      options: { [name]: option },
      environment,
      file: { path, values: { [name]: file } },
    };
    // The default runtime must be one of the runtimes.
    const others = name === 'runtimes' ? {} : { runtimes: { one: { path: 'one' }, two: { path: 'two' } } };
    const resolved = (sources: Partial<ConfigurationSources>): readonly unknown[] => {
      const given = { ...all, ...sources };
      const { values: found, origins } = resolveConfiguration({ ...given, options: { ...others, ...given.options } });
      return [found[name], origins[name]];
    };
    test(settings[name].key, () => {
      assert.deepEqual(resolved({}), [option, { from: 'option' }]);
      const fromFile = [file, { from: 'file', path }];
      const fromVariable = ['/environment', { from: 'environment', variable }];
      assert.deepEqual(resolved({ options: {} }), variable === undefined ? fromFile : fromVariable);
      assert.deepEqual(resolved({ options: {}, environment: {} }), fromFile);
      if (variable !== undefined) {
        assert.deepEqual(resolved({ options: {}, environment: { [variable]: '' } }), fromFile, 'empty is not given');
      }
      const none = { options: {}, environment: {}, file: undefined };
      assert.deepEqual(resolved(none), [usual, { from: 'default' }]);
    });
  }
});

test('an invalid value is reported with its flag, variable, file or key', () => {
  const runtimeProblem = (runtimes: Configuration['runtimes']): string => problem({ options: { runtimes } });
  const problem = (sources: Partial<ConfigurationSources>): string => {
    try {
      resolveConfiguration({ options: {}, environment: {}, file: undefined, ...sources });
    } catch (error) {
      assert.ok(error instanceof Error);
      return error.message;
    }
    return 'none';
  };
  const storageOptions = ['a'];
  const says = '"a" is not of the form NAME=VALUE';
  assert.equal(problem({ options: { storageOptions } }), `storage-opts: ${says}`);
  assert.equal(problem({ file: { path, values: { storageOptions } } }), `${path}: storage-opts: ${says}`);
  const defaultRuntime = 'crun';
  assert.equal(
    problem({ file: { path, values: { defaultRuntime } } }),
    `${path}: default-runtime: "crun" is not one of the runtimes`,
  );
  assert.equal(problem({ options: { defaultRuntime, runtimes: { crun: { path: '/c' } } } }), 'none');
  assert.equal(problem({ options: { runtimes: { runc: { path: '/opt/runc' } } } }), 'none');
  assert.equal(runtimeProblem({ '../x': { path: '/c' } }), 'runtimes: "../x" is not a valid name of a runtime');
  assert.equal(
    runtimeProblem({ x: { path: 'bin/c' } }),
    'runtimes: x: path must be absolute or the name of a program, not "bin/c"',
  );
  assert.equal(runtimeProblem({ x: { path: '/c', runtimeArgs: ['a\0'] } }), 'runtimes: x: contains a NUL character');
});

test('settings are shown under the keys of the file, in the order of the schema', () => {
  const shown = listSettings(resolveConfiguration({ options: { root: '/r' }, environment: {}, file: undefined }));
  assert.deepEqual(
    shown.map(({ key }) => key),
    settingNames.map((name) => settings[name].key),
  );
  assert.deepEqual(shown[0], { key: 'data-root', value: '/r', origin: { from: 'option' } });
});
