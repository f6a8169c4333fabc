/** log 2π, of which every log-density of a normal distribution takes half for each dimension. */
export const LOG_TWO_PI = Math.log(2 * Math.PI);
