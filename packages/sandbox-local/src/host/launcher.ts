/** A host folder or file that is put where an unprivileged user reaches it, whatever the path to it allows. */
export interface StagedPath {
  source: string;
  target: string;
}

export interface Staging {
  /** An existing folder; only the launched program sees it covered. */
  folder: string;
  paths: readonly StagedPath[];
}

/*
 * Each step is an argument with its operands, so that no path is ever parsed as shell text. A program enters its groups
 * before it runs, and with it everything that it starts.
 */
const SCRIPT = `set -e
while [ "$1" != -- ]; do
  case "$1" in
    group) echo $$ > "$2"; shift 2 ;;
    cover) mount -t tmpfs -o mode=0711,size=1m tmpfs "$2"; shift 2 ;;
    place) if [ -d "$2" ]; then mkdir "$3"; else : > "$3"; fi; mount --rbind "$2" "$3"; shift 3 ;;
    *) echo "unknown step $1" >&2; exit 64 ;;
  esac
done
shift
exec "$@"`;

/** A command line that enters control groups and stages paths, then becomes `argv`. The process id stays the same. */
export function launchLine(
  argv: readonly [string, ...string[]],
  steps: { controlGroups: readonly string[]; staging?: Staging | undefined },
): readonly [string, ...string[]] {
  const { controlGroups, staging } = steps;
  if (controlGroups.length === 0 && !staging) return argv;
  const operands = [
    ...controlGroups.flatMap((folder) => ['group', `${folder}/cgroup.procs`]),
    ...(staging ? ['cover', staging.folder] : []),
    ...(staging?.paths.flatMap(({ source, target }) => ['place', source, target]) ?? []),
  ];
  const shell = ['/bin/sh', '-c', SCRIPT, 'launch', ...operands, '--', ...argv] as const;
  return staging ? ['unshare', '--mount', '--propagation', 'private', ...shell] : shell;
}
