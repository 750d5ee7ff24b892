import type { GroupMember } from './group-members.js';

/**
 * Which partitions' state a member is to hold: its own, and those that it would be given if others of the group were
 * lost. What a process that shares its state directory has is left out, for it is here already.
 *
 * Partitions are given out by range, so that the loss of a member moves those of its neighbours, too, and what each of
 * the rest gets is known before.
 *
 * @param members in the order in which they are given partitions
 * @param losses how many may be lost at a time; a loss is one process, or all that share a state directory
 * @returns nothing when this member is not among them
 */
export function placeState(partitions: number, members: readonly GroupMember[], losses: number): ReadonlySet<number> {
  const placed = new Set<number>();
  const self = members.find(({ isSelf }) => isSelf);
  if (self === undefined) return placed;
  for (const rest of remainders(members, losses)) {
    for (const partition of range(partitions, rest.indexOf(self), rest.length)) placed.add(partition);
  }
  members.forEach((member, index) => {
    if (member === self || !sharesState(member, self)) return;
    for (const partition of range(partitions, index, members.length)) placed.delete(partition);
  });
  return placed;
}

/** The group as it is, and after every combination of losses that leaves this member in it. */
function* remainders(members: readonly GroupMember[], losses: number): Generator<readonly GroupMember[]> {
  yield members;
  if (losses === 0) return;
  for (const lost of members) {
    if (lost.isSelf) continue;
    yield* remainders(
      members.filter((member) => member !== lost),
      losses - 1,
    );
    const left = members.filter((member) => member !== lost && !sharesState(member, lost));
    if (left.length < members.length - 1 && left.some(({ isSelf }) => isSelf)) yield* remainders(left, losses - 1);
  }
}

function sharesState(one: GroupMember, other: GroupMember): boolean {
  return one.processId === other.processId;
}

/** The partitions of a topic that the range assignor gives to a member. */
function range(partitions: number, index: number, members: number): number[] {
  const quota = Math.floor(partitions / members);
  const more = partitions % members;
  const first = index * quota + Math.min(index, more);
  return Array.from({ length: quota + (index < more ? 1 : 0) }, (_, i) => first + i);
}
