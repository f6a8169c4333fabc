/** All that `roots` need, each after its own inputs, in their order. A loop, not recursion: graphs get deep. */
export function inputsFirst<T>(roots: readonly T[], inputs: (node: T) => readonly T[]): T[] {
  const order: T[] = [];
  const visited = new Set<T>();
  const waiting = (nodes: readonly T[]) => [...nodes].reverse().map((node): [T, boolean] => [node, false]);
  const stack = waiting(roots);
  for (let top = stack.pop(); top; top = stack.pop()) {
    const [node, expanded] = top;
    if (expanded) order.push(node);
    else if (!visited.has(node)) {
      visited.add(node);
      stack.push([node, true]);
      for (const input of waiting(inputs(node))) stack.push(input);
    }
  }
  return order;
}
