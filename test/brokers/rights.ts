import { AclOperations, AclPermissionTypes, Admin, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka';

/** A right of a user of Kafka. */
export type Right = readonly [
  resource: 'TOPIC' | 'GROUP' | 'TRANSACTIONAL_ID',
  name: string,
  pattern: 'LITERAL' | 'PREFIXED',
  operation: 'READ' | 'WRITE' | 'CREATE' | 'DELETE',
];

/** What a broker is started with whose users sign in by SCRAM and have no right that is not given. */
export const SCRAM_AND_RIGHTS = {
  'listener.name.client.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
  'listener.name.client.scram-sha-512.sasl.jaas.config':
    'org.apache.kafka.common.security.scram.ScramLoginModule required;',
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  // Those who speak plain text with each other.
  'super.users': 'User:ANONYMOUS',
} as const;

export function scramArguments(users: readonly string[], password: string): string[] {
  return users.flatMap((user) => ['--add-scram', `SCRAM-SHA-512=[name=${user},password=${password}]`]);
}

/** @param bootstrap of the listener without sign-in */
export async function giveRights(
  bootstrap: string,
  users: readonly string[],
  rightsOf: (user: string) => readonly Right[],
): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [bootstrap] });
  await admin.createAcls({
    creations: users.flatMap((user) =>
      rightsOf(user).map(([resource, resourceName, pattern, operation]) => ({
        resourceType: ResourceTypes[resource],
        resourceName,
        resourcePatternType: ResourcePatternTypes[pattern],
        principal: `User:${user}`,
        host: '*',
        operation: AclOperations[operation],
        permissionType: AclPermissionTypes.ALLOW,
      })),
    ),
  });
  await admin.close();
}
