import { LatentError } from "../../device/errors.ts";

/** Lets one call at a time change a model. */
export class Lock {
  #taken = false;

  async run<T>(where: string, work: () => Promise<T>): Promise<T> {
    if (this.#taken) throw new LatentError("busy", `${where}: this model is being fitted. Wait for that call to end.`);
    this.#taken = true;
    try {
      return await work();
    } finally {
      this.#taken = false;
    }
  }
}
