import { Card } from "../../ui/bits";

/** A plan's rules, each as a sentence. */
export const Policies = ({ of }: { of: string[] }) => (
  <Card title="The rules of this plan"><ul class="points columns">{of.map((sentence) => <li key={sentence}>{sentence}</li>)}</ul></Card>
);
