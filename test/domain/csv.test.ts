import { expect } from 'chai';
import { csvLine } from '../../src/domain/csv.ts';

describe('Comma separated values', () => {
  it('quote what would end a cell or a line', () => {
    expect(csvLine(['a', 'b,c', 'say "hi"', 'two\nlines', 3, null, undefined])).to.equal(
      'a,"b,c","say ""hi""","two\nlines",3,,\r\n',
    );
  });

  it('hold no formula for a spreadsheet to run', () => {
    for (const text of ['=1+1', '+1', '-1', '@sum', '\t=1', '\r=1', '\n=1', '＝1+1', '＋1', '－1', '＠sum'])
      expect(csvLine([text])).to.match(/^"?'/);
    expect(csvLine([-1])).to.equal('-1\r\n');
  });
});
