// runner — as much of vitest as tests of mutants need: groups, tables and hooks, and any choice of tests in any order.
import { chai, JestAsymmetricMatchers, JestChaiExpect, JestExtend } from "@vitest/expect";

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);
export const expect = Object.assign((value, message) => chai.expect(value, message), chai.expect);

const groupIn = (parent, name) => ({
  parent,
  name,
  isOpen: false,
  beforeAll: [],
  afterAll: [],
  beforeEach: [],
  afterEach: [],
});
let group = groupIn(null, "");
let tests = [];

/** The tests that `load` declares: { name, group, body }. */
export async function declaredBy(load) {
  group = groupIn(null, "");
  tests = [];
  await load();
  return tests;
}

const chain = (of) => (of ? [...chain(of.parent), of] : []);
const called = (name) => [...chain(group).map((of) => of.name), name].filter(Boolean).join(" > ");

function declare(name, body) {
  const whole = called(name);
  // rows of a table may share a name
  const same = tests.filter((one) => one.name === whole || one.name.startsWith(`${whole} #`)).length;
  tests.push({ name: same ? `${whole} #${same}` : whole, group, body });
}

function declareGroup(name, body) {
  group = groupIn(group, name);
  body();
  group = group.parent;
}

const bodyOf = (given) => given.find((one) => typeof one === "function");
const tabled =
  (make) =>
  (table) =>
  (name, ...given) => {
    for (const row of table) {
      const values = Array.isArray(row) ? row : [row];
      const shown = values.map((value) => (typeof value === "object" ? "" : String(value))).join(" ");
      make(`${name} ${shown}`.trim(), () => bodyOf(given)(...values));
    }
  };
const chosen = (make) => {
  const always = (name, ...given) => make(name, bodyOf(given));
  return Object.assign(always, {
    each: tabled(make),
    skip() {},
    skipIf: (isOut) => (isOut ? () => {} : always),
    runIf: (isIn) => (isIn ? always : () => {}),
  });
};

export const test = chosen(declare);
export const it = test;
export const describe = chosen(declareGroup);
export const beforeAll = (hook) => void group.beforeAll.push(hook);
export const afterAll = (hook) => void group.afterAll.push(hook);
export const beforeEach = (hook) => void group.beforeEach.push(hook);
export const afterEach = (hook) => void group.afterEach.push(hook);
/** Clocks and globals are not replaced: tests that ask for it fail without any mutant, and are left out. */
export const vi = {};

/** Runs `one`; rejects with what it throws. `onHooks` is told of a group's hooks that have just run. */
export async function run({ group: own, body }, onHooks = () => {}) {
  const groups = chain(own);
  for (const of of groups) {
    if (of.isOpen) continue;
    of.isOpen = true;
    for (const hook of of.beforeAll) await hook();
    onHooks(of);
  }
  try {
    for (const of of groups) for (const hook of of.beforeEach) await hook();
    await body();
  } finally {
    for (const of of groups.reverse()) for (const hook of of.afterEach) await hook();
  }
}

/** Runs the last hooks of all groups that were opened. */
export async function close(ran) {
  const groups = new Set(ran.flatMap((one) => chain(one.group).reverse()));
  for (const of of groups) if (of.isOpen) for (const hook of of.afterAll) await hook();
}
