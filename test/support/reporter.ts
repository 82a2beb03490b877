import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const showSummary = ({ passed, failed, skipped }: Summary): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

/**
 * Mocha's own specification, and at its very end the one line that machines read. The runner, which still has to clean
 * up after the tests, asks for the numbers in a file and writes the line itself.
 */
export default class SummaryReporter extends Mocha.reporters.Spec {
  override epilogue(): void {
    Mocha.reporters.Base.list(this.failures);
    const summary: Summary = { passed: this.stats.passes, failed: this.stats.failures, skipped: this.stats.pending };
    const file = process.env.TEST_SUMMARY_FILE;
    if (file === undefined) Mocha.reporters.Base.consoleLog(showSummary(summary));
    else writeFileSync(file, JSON.stringify(summary));
  }
}
