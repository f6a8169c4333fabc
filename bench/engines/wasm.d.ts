/** WebAssembly comes as an address relative to the bundle: the bundler copies the file there. */
declare module "*.wasm" {
  const address: string;
  export default address;
}
