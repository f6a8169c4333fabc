/** What the tests use of pngjs, which comes without types. */
declare module "pngjs" {
  export class PNG {
    constructor(options: { width: number; height: number });
    /** RGBA */
    data: Uint8Array;
    static sync: {
      read(file: Uint8Array, options?: { checkCRC?: boolean }): { width: number; height: number; data: Uint8Array };
      write(
        png: PNG,
        options: { colorType: number; inputColorType: number; inputHasAlpha: boolean; filterType: number },
      ): Uint8Array;
    };
  }
}
