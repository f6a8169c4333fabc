declare module "pngjs" {
  /** The part of pngjs that the tests use: an independent reader of PNG files. */
  export const PNG: {
    sync: {
      read(file: Uint8Array, options?: { checkCRC?: boolean }): { width: number; height: number; data: Uint8Array };
    };
  };
}
