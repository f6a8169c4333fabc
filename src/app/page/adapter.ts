import { adapterWords } from "../command/adapterWords.ts";
import type { AdapterReport } from "../report.ts";
import { element, h } from "../report/markup.ts";

const software = /swiftshader|llvmpipe|lavapipe|basic render|software/i;

/** What the browser's adapter says of itself; undefined where there is none. */
async function adapterOf(): Promise<AdapterReport | undefined> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return undefined;
  const { vendor, architecture, description } = adapter.info;
  const fallback = (adapter.info as { isFallbackAdapter?: boolean }).isFallbackAdapter === true;
  return {
    vendor,
    architecture,
    description,
    software: fallback || software.test(`${vendor} ${architecture} ${description}`),
  };
}

/** Writes the adapter into `place`, a software one marked; returns whether there is one. */
export async function showAdapter(place: HTMLElement): Promise<boolean> {
  const adapter = await adapterOf().catch(() => undefined);
  place.replaceChildren();
  if (!adapter) {
    place.classList.add("missing");
    place.textContent =
      "This browser gives no WebGPU adapter. Use Chrome or Edge 113 or later; on Linux start it with --enable-unsafe-webgpu --enable-features=Vulkan, and look at chrome://gpu.";
    return false;
  }
  place.append(`Adapter: ${adapterWords(adapter) || "not named by the browser"} `);
  if (adapter.software) {
    const badge = h(
      "span",
      { class: "badge" },
      "software adapter, no GPU: minutes instead of seconds, and no times to compare",
    );
    place.append(element(badge));
  }
  return true;
}
