/** A picture as it is stored: written anew from the parts that its pixels need. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly bytes: Buffer;
}

/** Reads on from where it is; whatever lies beyond the end is a broken picture. */
export class Parts {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get isOver(): boolean {
    return this.at >= this.bytes.length;
  }

  take(length: number): Buffer {
    const end = this.at + length;
    if (end > this.bytes.length) throw new BrokenPicture('cut off');
    const part = this.bytes.subarray(this.at, end);
    this.at = end;
    return part;
  }
}

/** The bytes are not what they say they are. Nobody outside this folder sees it. */
export class BrokenPicture extends Error {}
