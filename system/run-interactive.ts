import { execa } from 'execa';

/** Runs a program on this process's own terminal until it ends; answers its exit code. */
export async function runInteractive(command: {
  file: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
}): Promise<number> {
  const ignore = (): void => undefined;
  // Ctrl+C belongs to the program in the terminal, not to us.
  process.on('SIGINT', ignore);
  try {
    const result = await execa(command.file, command.args, {
      stdio: 'inherit',
      reject: false,
      env: { ...command.env },
    });
    return result.exitCode ?? 1;
  } finally {
    process.off('SIGINT', ignore);
  }
}
