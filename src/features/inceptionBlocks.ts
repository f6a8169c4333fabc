/** The FID Inception as tables: the names are those of pytorch-fid's and torchvision's state dictionaries. */

/** Height and width of a kernel. */
export type Kernel = readonly [height: number, width: number];
/** One convolution of a branch: its name in the block, and the kernel. */
export type Convolution = readonly [name: string, kernel: Kernel];

const K1: Kernel = [1, 1];
const K3: Kernel = [3, 3];
const ROW: Kernel = [1, 7];
const COLUMN: Kernel = [7, 1];

export const STEM: readonly Convolution[] = [
  ["Conv2d_1a_3x3", K3],
  ["Conv2d_2a_3x3", K3],
  ["Conv2d_2b_3x3", K3],
  ["Conv2d_3b_1x1", K1],
  ["Conv2d_4a_3x3", K3],
];

/** A branch: convolutions one after the other; a pair in the list gives two results side by side. */
export type Branch = readonly (Convolution | readonly [Convolution, Convolution])[];

/** A block whose branches' results stand side by side; what it pools goes through the last branch, or stands as it is. */
export interface Block {
  readonly name: string;
  readonly branches: readonly Branch[];
  readonly pool: "average" | "max" | "max-stride-2";
  readonly pooled: Branch;
}

const fan = (name: string): Branch[number] => [
  [`${name}a`, [1, 3]],
  [`${name}b`, [3, 1]],
];

const blockA = (name: string): Block => ({
  name,
  branches: [
    [["branch1x1", K1]],
    [
      ["branch5x5_1", K1],
      ["branch5x5_2", [5, 5]],
    ],
    [
      ["branch3x3dbl_1", K1],
      ["branch3x3dbl_2", K3],
      ["branch3x3dbl_3", K3],
    ],
  ],
  pool: "average",
  pooled: [["branch_pool", K1]],
});
const blockC = (name: string): Block => ({
  name,
  branches: [
    [["branch1x1", K1]],
    [
      ["branch7x7_1", K1],
      ["branch7x7_2", ROW],
      ["branch7x7_3", COLUMN],
    ],
    [
      ["branch7x7dbl_1", K1],
      ["branch7x7dbl_2", COLUMN],
      ["branch7x7dbl_3", ROW],
      ["branch7x7dbl_4", COLUMN],
      ["branch7x7dbl_5", ROW],
    ],
  ],
  pool: "average",
  pooled: [["branch_pool", K1]],
});
const blockE = (name: string, pool: Block["pool"]): Block => ({
  name,
  branches: [
    [["branch1x1", K1]],
    [["branch3x3_1", K1], fan("branch3x3_2")],
    [["branch3x3dbl_1", K1], ["branch3x3dbl_2", K3], fan("branch3x3dbl_3")],
  ],
  pool,
  pooled: [["branch_pool", K1]],
});

/** The last convolution of each branch of these two steps by two pixels, without padding. */
const REDUCTIONS: readonly Block[] = [
  {
    name: "Mixed_6a",
    branches: [
      [["branch3x3", K3]],
      [
        ["branch3x3dbl_1", K1],
        ["branch3x3dbl_2", K3],
        ["branch3x3dbl_3", K3],
      ],
    ],
    pool: "max-stride-2",
    pooled: [],
  },
  {
    name: "Mixed_7a",
    branches: [
      [
        ["branch3x3_1", K1],
        ["branch3x3_2", K3],
      ],
      [
        ["branch7x7x3_1", K1],
        ["branch7x7x3_2", ROW],
        ["branch7x7x3_3", COLUMN],
        ["branch7x7x3_4", K3],
      ],
    ],
    pool: "max-stride-2",
    pooled: [],
  },
];

export const BLOCKS: readonly Block[] = [
  ...["Mixed_5b", "Mixed_5c", "Mixed_5d"].map(blockA),
  REDUCTIONS[0]!,
  ...["Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"].map(blockC),
  REDUCTIONS[1]!,
  blockE("Mixed_7b", "average"),
  blockE("Mixed_7c", "max"),
];

export const isPair = (step: Branch[number]): step is readonly [Convolution, Convolution] => Array.isArray(step[0]);
