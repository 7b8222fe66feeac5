import { PageHead } from "../ui/bits";

export function AddUsersPage() {
  return <PageHead title="AddUsers" />;
}
