/** The browser's fastest adapter. Throws an Error where it gives none. */
export async function requestAdapter(): Promise<GPUAdapter> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("bench: this browser gives no WebGPU adapter. Start it with --enable-unsafe-webgpu.");
  return adapter;
}
