/** What an adapter says of itself, in one line; empty where it says nothing. */
export const adapterWords = ({
  vendor,
  architecture,
  description,
}: {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
}): string => [vendor, architecture, description].filter(Boolean).join(", ");
