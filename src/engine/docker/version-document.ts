import { Struct, type TemplateFunction } from '../../query/template/values.ts';
import type { Versions } from '../versions.ts';

/**
 * Returns the versions in the shape of `docker version`, with our own key `Strata` beside docker's. Client and server are one
 * program without an API and without Go, so those fields are empty.
 */
export function versionDocument(versions: Versions): Struct {
  const { strata, node, runtime, kernel, platform } = versions;
  const [os = '', architecture = ''] = platform.split('/');
  const build = { GitCommit: '', GoVersion: '', Os: os, Arch: architecture };
  const details = { Arch: architecture, KernelVersion: kernel, Os: os };
  const [runtimeName = '', runtimeVersion = ''] = runtime?.split(' ') ?? [];
  return new Struct(
    {
      Client: struct('system.clientVersion', {
        Version: strata,
        ApiVersion: '',
        DefaultAPIVersion: '',
        ...build,
        BuildTime: '',
        Context: 'default',
      }),
      Server: struct('*types.Version', {
        Platform: struct('struct { Name string }', { Name: '' }),
        Components: [
          component('Engine', strata, details),
          component('Node', node, {}),
          ...(runtime === undefined ? [] : [component(runtimeName, runtimeVersion, { GitCommit: runtimeVersion })]),
        ],
        Version: strata,
        ApiVersion: '',
        MinAPIVersion: '',
        ...build,
        KernelVersion: kernel,
        Experimental: false,
        BuildTime: '',
      }),
      Strata: { ...versions },
    },
    'system.versionInfo',
  );
}

/** The field is `ApiVersion` in docker's JSON and `APIVersion` in its templates. */
const apiVersion: TemplateFunction = { parameters: [], run: () => '' };

const struct = (typeName: string, fields: Struct['fields']): Struct =>
  new Struct(fields, typeName, { APIVersion: apiVersion }, new Set(['Experimental']));

const component = (Name: string, Version: string, Details: Readonly<Record<string, string>>): Struct =>
  new Struct({ Name, Version, Details }, 'types.ComponentVersion');
