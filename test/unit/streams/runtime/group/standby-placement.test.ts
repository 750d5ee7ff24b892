import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GroupMember } from '../../../../../streams/runtime/group/group-members.js';
import { placeState } from '../../../../../streams/runtime/group/standby-placement.js';

/** Members in order; a capital letter is the one that asks. The letter is the state directory's name. */
function group(letters: string): GroupMember[] {
  return [...letters].map((letter) => ({
    processId: letter.toLowerCase(),
    isSelf: letter !== letter.toLowerCase(),
  }));
}

function placed(partitions: number, letters: string, losses: number): number[] {
  return [...placeState(partitions, group(letters), losses)].sort((a, b) => a - b);
}

/** Deals the partitions out one by one, then puts each member's side by side. */
function dealt(partitions: number, members: readonly number[]): Map<number, number[]> {
  const hands = members.map(() => 0);
  for (let card = 0; card < partitions; card++) hands[card % members.length] = (hands[card % members.length] ?? 0) + 1;
  let next = 0;
  return new Map(members.map((member, i) => [member, Array.from({ length: hands[i] ?? 0 }, () => next++)]));
}

function subsets(members: readonly number[], most: number): number[][] {
  const sets: number[][] = [[]];
  for (const member of members) {
    for (const set of [...sets]) if (set.length < most) sets.push([...set, member]);
  }
  return sets;
}

describe('the state that a member is to hold', () => {
  it('is that of its own tasks when no loss is to be covered', () => {
    // 8 partitions over three members: 3, 3, 2.
    expect(placed(8, 'Abc', 0)).toEqual([0, 1, 2]);
    expect(placed(8, 'aBc', 0)).toEqual([3, 4, 5]);
    expect(placed(8, 'abC', 0)).toEqual([6, 7]);
  });

  it('is also that of what it would get if one other member was lost', () => {
    // Two members would have 0 to 3 and 4 to 7. The first stays the first; the second is either.
    expect(placed(8, 'Abc', 1)).toEqual([0, 1, 2, 3]);
    expect(placed(8, 'aBc', 1)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(placed(8, 'abC', 1)).toEqual([4, 5, 6, 7]);
  });

  it('is all there is when all others may be lost', () => {
    expect(placed(5, 'abCd', 3)).toEqual([0, 1, 2, 3, 4]);
  });

  it('is what every loss of so many members would bring it, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }).chain((size) =>
          fc.record({
            size: fc.constant(size),
            self: fc.integer({ min: 0, max: size - 1 }),
            partitions: fc.integer({ min: 1, max: 20 }),
            losses: fc.integer({ min: 0, max: 3 }),
          }),
        ),
        ({ losses, partitions, self, size }) => {
          const everybody = Array.from({ length: size }, (_, member) => member);
          const expected = new Set<number>();
          for (const lost of subsets(
            everybody.filter((member) => member !== self),
            losses,
          )) {
            const rest = everybody.filter((member) => !lost.includes(member));
            for (const partition of dealt(partitions, rest).get(self) ?? []) expected.add(partition);
          }
          const members = everybody.map((member) => ({ processId: `${member}`, isSelf: member === self }));
          expect(placeState(partitions, members, losses)).toEqual(expected);
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  it('is held by as many other members as losses are to be covered', () => {
    for (const losses of [1, 2, 3]) {
      const held = ['Abcde', 'aBcde', 'abCde', 'abcDe', 'abcdE'].flatMap((letters) => placed(13, letters, losses));
      for (let partition = 0; partition < 13; partition++) {
        expect(held.filter((one) => one === partition)).toHaveLength(1 + losses);
      }
    }
  });

  it('leaves out what a process with the same state directory has', () => {
    expect(placed(8, 'Aa', 1)).toEqual([0, 1, 2, 3]);
    // 3, 3, 2; without the last one 4 and 4. What the first would get more, the second has.
    expect(placed(8, 'Aab', 1)).toEqual([0, 1, 2]);
    expect(placed(8, 'aAb', 1)).toEqual([3, 4, 5, 6, 7]);
  });

  it('counts the processes of one state directory, which go together, as one loss', () => {
    // Of 8 partitions, 2 each; the first two are one machine. Without either of the others it has 0 to 2, or to 3.
    expect(placed(8, 'Abcd', 1)).toEqual([0, 1, 2]);
    expect(placed(8, 'Abcc', 1)).toEqual([0, 1, 2, 3]);
  });

  it('is nothing for who is not in the group', () => {
    expect(placed(8, 'abc', 1)).toEqual([]);
  });
});
