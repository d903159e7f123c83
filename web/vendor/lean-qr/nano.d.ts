/** What the page uses of it. */
export interface Dots {
  readonly size: number;
  get(x: number, y: number): boolean;
}
export function generate(text: string): Dots;
