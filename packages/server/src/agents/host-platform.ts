/**
 * This machine in the words of packages that carry programs: `linux-x64`, `darwin-arm64`; with `-musl` where the C library
 * is musl, for which programs are built apart.
 */
export function hostPlatform(): string {
  const { platform, arch } = process;
  return platform === 'linux' && !runsOnGlibc() ? `${platform}-${arch}-musl` : `${platform}-${arch}`;
}

function runsOnGlibc(): boolean {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean };
  const { excludeNetwork = false } = report;
  // Looking up the names of network interfaces would take long, and tells nothing here.
  report.excludeNetwork = true;
  const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } };
  report.excludeNetwork = excludeNetwork;
  return header?.glibcVersionRuntime !== undefined;
}
