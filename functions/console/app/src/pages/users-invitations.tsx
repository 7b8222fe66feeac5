import { PageHead } from "../ui/bits";

export function InvitationsPage() {
  return <PageHead title="Invitations" />;
}
