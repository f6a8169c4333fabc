/** Shader files come as text: the bundle loads them so. */
declare module "*.wgsl" {
  const text: string;
  export default text;
}
